// Package jsonl reads and writes streams of JSON lines, plain or compressed.
//
// It is lenient about how a line ends (LF, CRLF, or the end of the file), skips blank lines and a UTF-8 byte order
// mark, has no limit on the length of a line, and names file, line and cause when one cannot be decoded.
package jsonl

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/goccy/go-json"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"perfpipe/internal/sniff"
)

// LineError is the error of a line. It is an item of the stream, and reading goes on after it.
type LineError struct {
	File string
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

// Unwrap returns the cause.
func (e *LineError) Unwrap() error { return e.Err }

// Line is one line of an input, without its line end. Bytes is valid until the next line is read.
type Line struct {
	N     int // counted from 1
	Bytes []byte
}

// Lines returns the lines of r that are not blank. An I/O error is the last item.
func Lines(r io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		br := bufio.NewReaderSize(r, 64<<10)
		var long []byte
		for n := 1; ; n++ {
			b, err := br.ReadSlice('\n')
			if errors.Is(err, bufio.ErrBufferFull) {
				long = long[:0]
				for errors.Is(err, bufio.ErrBufferFull) {
					long = append(long, b...)
					b, err = br.ReadSlice('\n')
				}
				long = append(long, b...)
				b = long
			}
			if err != nil && err != io.EOF {
				yield(Line{N: n}, err)
				return
			}
			if n == 1 {
				b = sniff.TrimBOM(b)
			}
			if b = bytes.TrimSpace(b); len(b) > 0 && !yield(Line{n, b}, nil) {
				return
			}
			if err == io.EOF {
				return
			}
		}
	}
}

// Read decodes each line of r into a new T. A line that cannot be decoded is a *LineError, and reading goes on. An I/O
// error, which names file, is the last item.
func Read[T any](r io.Reader, file string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for line, err := range Lines(r) {
			var v, zero T
			if err != nil {
				yield(zero, fmt.Errorf("%s: %w", file, err))
				return
			}
			if err := json.Unmarshal(line.Bytes, &v); err != nil {
				if !yield(zero, &LineError{file, line.N, cause(line.Bytes, err)}) {
					return
				}
				continue
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

// cause returns a decoder's error in words about the line.
func cause(line []byte, err error) error {
	if line[0] != '{' {
		return fmt.Errorf("not a JSON object: %.40q", line)
	}
	return fmt.Errorf("not valid JSON: %w", Reason(err))
}

// Decompress returns the text of r, which may be compressed with gzip or zstd, as its first bytes show. The error is a
// *sniff.Alien if the contents are not text. Reading damaged data ends in an error that Damaged reports, after all that
// could be decompressed.
func Decompress(r io.Reader) (io.Reader, error) {
	src := &source{r: r}
	br := bufio.NewReaderSize(src, 64<<10)
	head, err := start(br)
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1F, 0x8B}):
		z, err := gzip.NewReader(br)
		if err != nil {
			return nil, src.damage(err)
		}
		return unpacked(&whole{z, src})
	case bytes.HasPrefix(head, []byte{0x28, 0xB5, 0x2F, 0xFD}):
		d, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, src.damage(err)
		}
		return unpacked(&whole{d.IOReadCloser(), src})
	}
	return br, sniff.Binary(head)
}

// Lazy returns the text of r as Decompress does. It looks at the first bytes when it is first read, so that the caller
// does not block before r has data.
func Lazy(r io.Reader) io.Reader { return &lazy{src: r} }

type lazy struct{ src, r io.Reader }

func (l *lazy) Read(p []byte) (n int, err error) {
	if l.r == nil {
		if l.r, err = Decompress(l.src); err != nil {
			return 0, err
		}
	}
	return l.r.Read(p)
}

// unpacked checks that what was compressed is text.
func unpacked(r io.Reader) (io.Reader, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	head, err := start(br)
	if err != nil {
		return nil, err
	}
	return br, sniff.Binary(head)
}

// start returns the start of an input, as much as the first read returns, because a pipe may have no more yet.
func start(br *bufio.Reader) ([]byte, error) {
	if _, err := br.Peek(4); err != nil && err != io.EOF {
		return nil, err
	}
	return br.Peek(min(br.Buffered(), sniff.Head))
}
