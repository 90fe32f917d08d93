package jsonl

import (
	"bytes"
	"compress/gzip"
	"io"
	"testing"
)

// A Lazy reader reads nothing before it is read, and then whatever Decompress reads.
func TestLazy(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, "{}\n")
	z.Close()
	for name, text := range map[string][]byte{"plain": []byte("{}\n"), "gzip": packed.Bytes()} {
		src := &counted{r: bytes.NewReader(text)}
		r := Lazy(src)
		if src.reads > 0 {
			t.Errorf("%s: read before it was read", name)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != "{}\n" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := io.ReadAll(Lazy(bytes.NewReader([]byte("\x89PNG\r\n\x1a\n")))); err == nil {
		t.Error("an image is no text")
	}
}

// counted counts reads.
type counted struct {
	r     io.Reader
	reads int
}

func (c *counted) Read(p []byte) (int, error) { c.reads++; return c.r.Read(p) }
