package recordfile

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"perfpipe/internal/partial"
	"perfpipe/internal/record"
)

// slowWriter delays each write.
type slowWriter time.Duration

func (w slowWriter) Write(p []byte) (int, error) {
	time.Sleep(time.Duration(w))
	return len(p), nil
}

// Blocked measures how long the output keeps the writer busy.
func TestBlocked(t *testing.T) {
	for _, c := range []struct {
		name string
		w    io.Writer
		want time.Duration // of the run's 3.98 s
	}{
		{"quick", io.Discard, 0},
		{"slow now and then", slowWriter(200 * time.Millisecond), 800 * time.Millisecond},
		{"slow", slowWriter(900 * time.Millisecond), 3600 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWriter(c.w)
				for range 4 {
					if err := w.Emit(&record.Record{OK: true}); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Second)
				}
				if err := w.drain(); err != nil {
					t.Fatal(err)
				}
				blocked, run := w.Blocked()
				if blocked != c.want || run > 5*time.Second {
					t.Errorf("blocked for %v of %v, want %v", blocked, run, c.want)
				}
			})
		})
	}
}

// failingWriter fails after that many bytes.
type failingWriter int

func (w *failingWriter) Write(p []byte) (int, error) {
	n := min(len(p), int(*w))
	if *w -= failingWriter(n); n < len(p) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

// Each record is written or counted as lost, and later ones are refused.
func TestLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 1000
		to := failingWriter(limit)
		w := newWriter(&to)
		var refused int64
		for range 100 {
			if err := w.Emit(&record.Record{ID: "x", OK: true}); err != nil {
				refused++
			}
			time.Sleep(time.Millisecond)
		}
		if err := w.drain(); err != io.ErrShortWrite {
			t.Fatal(err)
		}
		line, err := new(record.Encoder).Append(nil, &record.Record{ID: "x", OK: true})
		if err != nil {
			t.Fatal(err)
		}
		written := int64(limit / (len(line) + 1))
		if refused == 0 || w.lost != 100-written || w.Count()+refused != 100 {
			t.Errorf("%d lost, %d refused, %d counted; %d were written", w.lost, refused, w.Count(), written)
		}
	})
}

// If the file cannot get its name, FILE.partial has all records, and none are lost.
func TestNameTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.jsonl")
	f, err := Open(partial.Create(path, partial.Options{}), path)
	if err != nil {
		t.Fatal(err)
	}
	w := NewWriter(f)
	if err := w.Emit(&record.Record{ID: "x", OK: true}); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	lost, ok := errors.AsType[*LostError](w.Close())
	if !ok || lost.Lost != 0 || lost.Error() != lost.Err.Error() {
		t.Errorf("%v", lost)
	}
	if b, err := os.ReadFile(path + partial.Suffix); err != nil || bytes.Count(b, newline) != 1 {
		t.Errorf("%q, %v", b, err)
	}
}
