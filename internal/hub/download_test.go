package hub

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"perfpipe/internal/fault"
)

func TestResume(t *testing.T) {
	text := strings.Repeat("0123456789", 1000)
	for _, tt := range []struct {
		name    string
		noRange bool
		want    []string
	}{
		{"ranges", false, []string{"CDN GET /blob/w", "CDN GET /blob/w bytes=5000-", "CDN GET /blob/w bytes=7500-"}},
		{"no ranges", true, []string{"CDN GET /blob/w", "CDN GET /blob/w bytes=5000-", "CDN GET /blob/w bytes=5000-"}},
	} {
		f := newFake(t, map[string]string{"w": text})
		f.large["w"], f.cuts, f.noRange = true, 2, tt.noRange
		p := newPlace(t, f)
		path, err := p.open(t, "org/name", Model, HuggingFace).File(t.Context(), "w")
		if err != nil {
			t.Fatal(err)
		}
		equal(t, tt.name, read(t, path), text)
		equal(t, tt.name, slices.DeleteFunc(f.requests(), func(l string) bool { return !strings.HasPrefix(l, "CDN") }),
			tt.want)
	}
}

// What an earlier run left is continued, and if it turns out to be of another version the file is taken afresh.
func TestResumeAfterExit(t *testing.T) {
	for _, left := range []string{"01234", "abcde", "0123456789", "longer than the file"} {
		f := newFake(t, map[string]string{"w": "0123456789"})
		f.large["w"] = true
		p := newPlace(t, f)
		blobs := filepath.Join(p.env["HOME"], ".cache/huggingface/hub/models--org--name/blobs")
		os.MkdirAll(blobs, 0o755)
		os.WriteFile(filepath.Join(blobs, f.sum("w")+".incomplete"), []byte(left), 0o644)
		path, err := p.open(t, "org/name", Model, HuggingFace).File(t.Context(), "w")
		if err != nil {
			t.Fatal(err)
		}
		equal(t, left, read(t, path), "0123456789")
	}
}

func TestEndlessCuts(t *testing.T) {
	f := newFake(t, map[string]string{"w": strings.Repeat("x", 100)})
	f.cuts, f.noRange = 1000, true
	p := newPlace(t, f)
	_, err := p.open(t, "org/name", Dataset, ModelScope).File(t.Context(), "w")
	want := f.URL + "/api/v1/datasets/org/name/repo?FilePath=w&Revision=master: cut off at 50 B: unexpected EOF"
	equal(t, "error", fmt.Sprint(err), want)
	if !strings.HasPrefix(hint(err), "run it again to continue") {
		t.Errorf("hint: %s", hint(err))
	}
}

func TestWrongChecksum(t *testing.T) {
	for _, src := range []Source{HuggingFace, ModelScope} {
		for _, large := range []bool{false, true} {
			f := newFake(t, map[string]string{"w": "bytes"})
			f.large["w"] = large
			f.lie["w"] = strings.Repeat("ab", 20)
			if large || src == ModelScope {
				f.lie["w"] = strings.Repeat("ab", 32)
			}
			p := newPlace(t, f)
			_, err := p.open(t, "org/name", Model, src).File(t.Context(), "w")
			if err == nil || !strings.Contains(err.Error(), "wrong checksum: the hub says abab") ||
				!strings.HasPrefix(err.Error(), f.URL) {
				t.Errorf("%s: %v", src, err)
			}
			filepath.WalkDir(p.env["HOME"], func(path string, d fs.DirEntry, err error) error {
				if err == nil && !d.IsDir() && filepath.Ext(path) != ".lock" {
					t.Errorf("%s left %s behind", src, path)
				}
				return nil
			})
		}
	}
}

// A connection over which nothing comes any more is given up, and the download continues over another.
func TestStall(t *testing.T) {
	f := newFake(t, map[string]string{"w": "0123456789"})
	f.stalls = 2
	p := newPlace(t, f)
	r := p.open(t, "org/name", Model, ModelScope)
	r.get.stall = 100 * time.Millisecond
	path, err := r.File(t.Context(), "w")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "bytes", read(t, path), "0123456789")
	stalled := func(s string) bool { return strings.HasSuffix(s, ": no bytes for 100ms; trying again") }
	if !slices.ContainsFunc(p.said, stalled) {
		t.Errorf("it was not said: %q", p.said)
	}
}

func TestOneDownloadForMany(t *testing.T) {
	f := newFake(t, map[string]string{"w": strings.Repeat("x", 1<<16)})
	f.large["w"] = true
	p := newPlace(t, f)
	var wg sync.WaitGroup
	for range 8 {
		r := p.open(t, "org/name", Model, HuggingFace)
		r.opt.Say, r.get.say = func(string, ...any) {}, func(string, ...any) {}
		wg.Go(func() {
			if _, err := r.File(context.Background(), "w"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	n := 0
	for _, l := range f.requests() {
		if strings.HasPrefix(l, "CDN GET") {
			n++
		}
	}
	equal(t, "downloads", n, 1)
}

func TestCancel(t *testing.T) {
	f := newFake(t, map[string]string{"w": "bytes"})
	p := newPlace(t, f)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(fault.ErrInterrupted)
	_, err := p.open(t, "org/name", Model, HuggingFace).File(ctx, "w")
	equal(t, "err", err, fault.ErrInterrupted)
}

func TestProgressBar(t *testing.T) {
	f := newFake(t, map[string]string{"w": strings.Repeat("x", 1000)})
	p := newPlace(t, f)
	r := p.open(t, "org/name", Model, HuggingFace)
	var screen bytes.Buffer
	r.get.bar = &screen
	if _, err := r.File(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	equal(t, "a carriage return is drawn", strings.Contains(screen.String(), "\r"), true)
	equal(t, "lines", p.said, nil)

	p = newPlace(t, f)
	if _, err := p.open(t, "org/name", Model, HuggingFace).File(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	equal(t, "lines", p.said, []string{"downloading org/name w (1 kB) from " + f.URL})
}
