package jsonl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"
)

// A file that was cut off is read up to there; an error of reading stays one.
func TestDamaged(t *testing.T) {
	for _, name := range []string{"x.gz", "x.zst"} {
		var packed bytes.Buffer
		w, err := Compress(&packed, name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			fmt.Fprintf(w, "{\"n\":%d}\n", i)
			if err := w.(interface{ Flush() error }).Flush(); err != nil {
				t.Fatal(err)
			}
		}
		flushed := packed.Len()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		lines := func(r io.Reader) (n int, err error) {
			plain, err := Decompress(r)
			if err != nil {
				return 0, err
			}
			for _, err := range Lines(plain) {
				if err != nil {
					return n, err
				}
				n++
			}
			return n, nil
		}
		if n, err := lines(bytes.NewReader(packed.Bytes())); n != 3 || err != nil {
			t.Errorf("%s: %d lines, %v", name, n, err)
		}
		if n, err := lines(bytes.NewReader(packed.Bytes()[:flushed])); n != 3 || !Damaged(err) {
			t.Errorf("%s, cut after what was flushed: %d lines, %v", name, n, err)
		}
		if n, err := lines(bytes.NewReader(packed.Bytes()[:flushed-12])); n > 2 || !Damaged(err) {
			t.Errorf("%s, cut within: %d lines, %v", name, n, err)
		}
		broken := errors.New("broken")
		if _, err := lines(io.MultiReader(bytes.NewReader(packed.Bytes()[:flushed]),
			iotest.ErrReader(broken))); !errors.Is(err, broken) || Damaged(err) {
			t.Errorf("%s from a broken disk: %v", name, err)
		}
	}
}
