package jsonl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"perfpipe/internal/sniff"
)

func collect(r io.Reader) ([]string, error) {
	var got []string
	for line, err := range Lines(r) {
		if err != nil {
			return got, err
		}
		got = append(got, fmt.Sprintf("%d:%s", line.N, line.Bytes))
	}
	return got, nil
}

func TestLines(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain":              {"a\nb\n", "1:a 2:b"},
		"no last line end":   {"a\nb", "1:a 2:b"},
		"CRLF":               {"a\r\nb\r\n", "1:a 2:b"},
		"blank lines":        {"\n\na\n \t\nb\n\n", "3:a 5:b"},
		"byte order mark":    {"\xEF\xBB\xBFa\nb", "1:a 2:b"},
		"mark in the middle": {"a\n\xEF\xBB\xBFb", "1:a 2:\xEF\xBB\xBFb"},
		"nothing":            {"", ""},
	} {
		for kind, r := range map[string]io.Reader{"whole": strings.NewReader(c.in),
			"bytes": iotest.OneByteReader(strings.NewReader(c.in))} {
			if got, err := collect(r); err != nil || strings.Join(got, " ") != c.want {
				t.Errorf("%s, %s: %q %v, want %q", name, kind, got, err, c.want)
			}
		}
	}
}

func TestLongLine(t *testing.T) {
	long := strings.Repeat("x", 50<<20)
	n := 0
	for line, err := range Lines(strings.NewReader("a\n" + long + "\nb")) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if want := []int{1, len(long), 1}[line.N-1]; len(line.Bytes) != want {
			t.Errorf("line %d has %d bytes, want %d", line.N, len(line.Bytes), want)
		}
	}
	if n != 3 {
		t.Errorf("%d lines, want 3", n)
	}
}

func TestErrorIsLast(t *testing.T) {
	broken := errors.New("broken")
	got, err := collect(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || strings.Join(got, " ") != "1:a" {
		t.Errorf("%q %v", got, err)
	}
}

func TestRead(t *testing.T) {
	type row struct{ A int }
	var got []string
	for v, err := range Read[row](strings.NewReader("{\"a\":1}\n{\"a\":\n7\n{}\n"), "f") {
		var bad *LineError
		if errors.As(err, &bad) {
			got = append(got, fmt.Sprintf("%s:%d", bad.File, bad.Line))
			continue
		}
		got = append(got, fmt.Sprint(v.A))
	}
	if want := "1 f:2 f:3 0"; strings.Join(got, " ") != want { // a value has nothing of the one before
		t.Errorf("%q, want %q", got, want)
	}
}

func TestCompression(t *testing.T) {
	text := strings.Repeat("{\"a\":1}\n", 1000)
	for _, name := range []string{"f.jsonl", "f.jsonl.gz", "f.jsonl.zst"} {
		var packed bytes.Buffer
		w, err := Compress(&packed, name)
		if err != nil {
			t.Fatal(err)
		}
		jw := NewWriter(w)
		for range 1000 {
			if err := jw.Write(map[string]int{"a": 1}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if plain := packed.String() == text; plain != (name == "f.jsonl") {
			t.Errorf("%s: plain is %v", name, plain)
		}
		r, err := Decompress(&packed)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != text {
			t.Errorf("%s: %d bytes back, %v", name, len(got), err)
		}
	}
}

func TestDecompressShort(t *testing.T) {
	for _, in := range []string{"", "a", "\x1f"} {
		r, err := Decompress(strings.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != in {
			t.Errorf("%q: %q %v", in, got, err)
		}
	}
}

// FuzzLines holds that lines come out the same however the bytes are split, and are those of the text.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\r\n\n\xEF\xBB\xBFb"))
	f.Fuzz(func(t *testing.T, in []byte) {
		whole, err := collect(bytes.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		parts, err := collect(iotest.OneByteReader(bytes.NewReader(in)))
		if err != nil || strings.Join(whole, "\n") != strings.Join(parts, "\n") {
			t.Fatalf("%q: %q in one read, %q in many, %v", in, whole, parts, err)
		}
		var want []string
		for n, line := range bytes.Split(sniff.TrimBOM(in), []byte("\n")) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				want = append(want, fmt.Sprintf("%d:%s", n+1, line))
			}
		}
		if strings.Join(whole, "\n") != strings.Join(want, "\n") {
			t.Fatalf("%q: %q, want %q", in, whole, want)
		}
	})
}

// FuzzDecompress holds that damaged input is an error, never a crash.
func FuzzDecompress(f *testing.F) {
	for _, name := range []string{"a", "a.gz", "a.zst"} {
		var b bytes.Buffer
		w, _ := Compress(&b, name)
		io.WriteString(w, "hello\n")
		w.Close()
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if r, err := Decompress(bytes.NewReader(in)); err == nil {
			io.Copy(io.Discard, io.LimitReader(r, 1<<20))
		}
	})
}
