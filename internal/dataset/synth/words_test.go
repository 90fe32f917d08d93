package synth

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/klauspost/compress/zstd"

	"llmperf/internal/tokenizer"
)

var update = flag.Bool("update", false, "write the committed table anew")

// TestO200kTable holds that the committed table is what certification gives.
func TestO200kTable(t *testing.T) {
	tok, err := tokenizer.Open(context.Background(), "o200k_base")
	if err != nil {
		t.Fatal(err)
	}
	words, err := Certify(tok)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := words.Marshal(zstd.SpeedBestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("o200k_base.words", packed, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	kept, err := O200k()
	if err != nil {
		t.Fatal(err)
	}
	if kept.Len() != words.Len() || kept.heads != words.heads || !bytes.Equal(kept.blob, words.blob) {
		t.Errorf("the committed table has %d words, %d heads; certification gives %d, %d: go generate", kept.Len(), kept.heads, words.Len(), words.heads)
	}
	t.Logf("%d words, %d heads, %d bytes", kept.Len(), kept.heads, len(o200k))
}

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
	for name, w := range map[string]*Words{"all": words, "ascii": ascii} {
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
	words, err := O200k()
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
