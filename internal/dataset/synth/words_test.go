package synth

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"perfpipe/internal/tokenizer"
)

var update = flag.Bool("update", false, "write the committed table anew")

func onlyEveryday(tok tokenizer.Tokenizer) (*Words, error) {
	words, ok, err := Everyday(tok)
	if err == nil && !ok {
		err = errFew
	}
	return words, err
}

// TestO200kTables checks that the committed tables are the result of certification.
func TestO200kTables(t *testing.T) {
	tok, err := tokenizer.Open(context.Background(), "o200k_base")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file string
		kept func() (*Words, error)
		find func(tokenizer.Tokenizer) (*Words, error)
	}{{"o200k_base.words", O200k, Certify}, {"o200k_base.everyday.words", O200kEveryday, onlyEveryday}} {
		words, err := c.find(tok)
		if err != nil {
			t.Fatal(err)
		}
		packed, err := words.Marshal(zstd.SpeedBestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(c.file, packed, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		kept, err := c.kept()
		if err != nil {
			t.Fatal(err)
		}
		if kept.Len() != words.Len() || kept.heads != words.heads || !bytes.Equal(kept.blob, words.blob) {
			t.Errorf("%s has %d words, %d heads; certification gives %d, %d: go generate", c.file, kept.Len(), kept.heads,
				words.Len(), words.heads)
		}
		t.Logf("%s: %d words, %d heads, %d bytes", c.file, kept.Len(), kept.heads, len(packed))
	}
}

// TestEveryday: the list is sorted, of lower-case letters, all of it is in the table, and no word begins as one that
// has no place in a screenshot.
func TestEveryday(t *testing.T) {
	list := strings.Fields(everydayText)
	words, err := O200kEveryday()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != words.Len() || !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
		t.Errorf("%d words in the list, %d in the table; sorted: %v", len(list), words.Len(), slices.IsSorted(list))
	}
	roots := strings.Fields("sex porn nud erot casin poker gambl bet lotter jackpot viagra drug cocain alcohol vodka " +
		"whisk tobac kill murder gun " +
		"bomb weapon terror suicid rape abus nazi fascis commun islam muslim christ jew church relig god satan president " +
		"senat congress " +
		"elect democ republic polit govern trump putin obama biden war$ army militar police prison crim dead death die$ " +
		"blood corpse " +
		"cash credit loan mortgage bitcoin crypto discount cheap viag pill diet$ idiot stupid damn hell$ shit fuck bitch " +
		"slut whor racis negro slave")
	for _, w := range list {
		if strings.ContainsFunc(w, func(r rune) bool { return r < 'a' || r > 'z' }) {
			t.Errorf("%q is not of lower-case letters", w)
		}
		for _, root := range roots {
			if begin, whole := strings.CutSuffix(root, "$"); whole && w == begin ||
				!whole && strings.HasPrefix(w, root) && !harmless[w] {
				t.Errorf("%q begins as %q", w, root)
			}
		}
	}
}

// harmless are words that begin like others.
var harmless = map[string]bool{"better": true, "between": true, "common": true, "commute": true, "commuting": true,
	"electric": true,
	"jewel":    true, "sextant": true, "gung": true, "pillow": true, "skill": true}

// TestExact encodes texts of random lengths and finds each as long as was asked.
func TestExact(t *testing.T) {
	words, err := O200k()
	if err != nil {
		t.Fatal(err)
	}
	ascii, err := words.ASCII()
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Open(context.Background(), "o200k_base")
	if err != nil {
		t.Fatal(err)
	}
	usual, err := O200kEveryday()
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range map[string]*Words{"all": words, "ascii": ascii, "everyday": usual} {
		for i := range 500 {
			r := NewRand(7, uint64(i))
			prefix, n := i%5, 1+r.Below(300)
			first, err := w.Append(nil, nil, r, prefix)
			if err != nil {
				t.Fatal(err)
			}
			b, err := w.Append([]byte{'"'}, first, r, n)
			if err != nil {
				t.Fatal(err)
			}
			b = append(b, '"')
			var text string
			if err := json.Unmarshal(b, &text); err != nil {
				t.Fatalf("%s: %v: %s", name, err, b)
			}
			if got := len(tok.Encode(text)); got != prefix+n {
				t.Errorf("%s: %d tokens, asked %d + %d: %s", name, got, prefix, n, b)
			}
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	for name, open := range map[string]func() (*Words, error){"everyday": O200kEveryday, "all": O200k} {
		b.Run(name, func(b *testing.B) { benchmarkAppend(b, open) })
	}
}

func benchmarkAppend(b *testing.B, open func() (*Words, error)) {
	words, err := open()
	if err != nil {
		b.Fatal(err)
	}
	var dst []byte
	r := NewRand(1)
	for b.Loop() {
		dst, _ = words.Append(dst[:0], nil, r, 1024)
	}
	b.ReportMetric(float64(b.N)*1024/b.Elapsed().Seconds()/1e6, "Mtok/s")
}
