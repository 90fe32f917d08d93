// Package synth generates random text whose length in tokens is exact and known without encoding it.
//
// Text is a sequence of words joined by single spaces, drawn from a table of words that were verified to cost one
// token each. If the pre-tokenizer starts a new piece at every such space, no merge crosses it, so the count of the
// text is the sum of the counts of its words: nothing needs to be encoded or corrected when text is generated.
package synth

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"perfpipe/internal/fault"
)

// Words is a table of words that cost one token each after a space. It is immutable.
type Words struct {
	name  string
	blob  []byte   // escaped " word"s, then slack for the copies of Append
	spans []uint32 // offset in blob << lengthBits | length
	heads int      // number of leading words that may begin and end a text

	count  func(text string) int // counts the tokens of a text; nil if the sum over its words is proven
	pieces []string              // used instead of words if there are too few
}

const (
	lengthBits = 6
	maxLength  = 1<<lengthBits - 1 // bytes of an escaped word; about twenty words of a large vocabulary are longer
	stride     = 16                // bytes that Append copies at once
)

// Name returns the name of the vocabulary.
func (w *Words) Name() string { return w.name }

// Len returns the number of words.
func (w *Words) Len() int { return len(w.spans) }

// word is one entry of a table under construction.
type word struct {
	escaped string // " word"
	head    bool
}

// build returns the table of verified words.
func build(name string, words []word) (*Words, error) {
	slices.SortFunc(words, func(a, b word) int {
		if a.head != b.head {
			if a.head {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.escaped, b.escaped)
	})
	w := &Words{name: name}
	for _, x := range words {
		if x.head {
			w.heads++
		}
		w.spans = append(w.spans, uint32(len(w.blob))<<lengthBits|uint32(len(x.escaped)))
		w.blob = append(w.blob, x.escaped...)
	}
	if w.heads == 0 {
		return nil, fmt.Errorf("vocabulary %s has no word that may begin a random text", name)
	}
	w.blob = append(w.blob, make([]byte, maxLength)...)
	return w, nil
}

// ASCII returns the table restricted to words of ASCII characters.
func (w *Words) ASCII() (*Words, error) {
	if w.pieces != nil {
		return nil, fault.Invalid("charset ascii", "", "vocabulary %s: words of it cost more than one token", w.name)
	}
	var words []word
	for i, s := range w.spans {
		text := w.blob[s>>lengthBits:][:s&maxLength]
		if !bytes.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
			words = append(words, word{string(text), i < w.heads})
		}
	}
	ascii, err := build(w.name, words)
	if err == nil {
		ascii.count = w.count
	}
	return ascii, err
}

// magic begins a stored table. It contains the project's former name, so that older caches are still read.
const magic = "llmperf words 1\n"

// Proven reports whether lengths are known without encoding.
func (w *Words) Proven() bool { return w.count == nil }

// Marshal returns the table in the format of Unmarshal, compressed: SpeedBestCompression makes it a fifth smaller than
// SpeedFastest, in six times the time.
func (w *Words) Marshal(level zstd.EncoderLevel) ([]byte, error) {
	b := binary.AppendUvarint([]byte(magic), uint64(len(w.name)))
	b = append(b, w.name...)
	b = binary.AppendUvarint(b, uint64(len(w.spans)))
	b = binary.AppendUvarint(b, uint64(w.heads))
	for _, s := range w.spans {
		b = append(b, byte(s&maxLength))
	}
	b = append(b, w.blob...)
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level))
	if err != nil {
		return nil, err
	}
	return enc.EncodeAll(b, nil), nil
}

// unmarshal reads the result of Marshal.
func unmarshal(packed []byte) (*Words, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	b, err := dec.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("not a table of words: %w", err)
	}
	b, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok {
		return nil, errors.New("not a table of words")
	}
	number := func() int {
		v, n := binary.Uvarint(b)
		if n <= 0 || v > uint64(len(b)) {
			ok = false
			return 0
		}
		b = b[n:]
		return int(min(v, uint64(len(b))))
	}
	w := &Words{}
	n := number()
	w.name, b = string(b[:n]), b[n:]
	n, w.heads = number(), number()
	if n = min(n, len(b)); !ok || w.heads < 1 || w.heads > n {
		return nil, errors.New("not a table of words: cut short")
	}
	w.spans, w.blob = make([]uint32, n), b[n:]
	offset := 0
	for i, l := range b[:n] {
		if l < 2 || l > maxLength {
			return nil, errors.New("not a table of words: a wrong length")
		}
		w.spans[i] = uint32(offset)<<lengthBits | uint32(l)
		offset += int(l)
	}
	if offset+maxLength != len(w.blob) {
		return nil, errors.New("not a table of words: cut short")
	}
	return w, nil
}
