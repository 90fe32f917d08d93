package hub

import (
	"fmt"
	"testing"
)

// TestRoutes holds the requests of a pattern and two files, in their order. scripts/test-hubs compares them with those
// of the hubs' own clients.
func TestRoutes(t *testing.T) {
	list := "GET /api/v1/models/org/name/repo/files"
	tree := "GET /api/v1/datasets/org/name/repo/tree"
	old := "GET /datasets/org/name/resolve/master/"
	for _, tt := range []struct {
		src  Source
		kind Kind
		old  bool
		want []string
	}{
		{ModelScope, Model, false, []string{list, "GET /api/v1/models/org/name/repo", "GET /api/v1/models/org/name/repo"}},
		{ModelScope, Dataset, false, []string{tree, "GET /api/v1/datasets/org/name/repo", "GET /api/v1/datasets/org/name/repo"}},
		{ModelScope, Dataset, true, []string{tree, "GET /api/v1/datasets/org/name/repo", old + "a.txt",
			"GET /api/v1/datasets/org/name/repo", old + "d/b.txt"}},
		{HuggingFace, Dataset, false, []string{
			"GET /api/datasets/org/name/revision/main",
			"GET /api/datasets/org/name/tree/" + commit1, "GET /api/datasets/org/name/tree/" + commit1,
			"HEAD /datasets/org/name/resolve/main/a.txt", "GET /datasets/org/name/resolve/main/a.txt",
			"HEAD /datasets/org/name/resolve/" + commit1 + "/d/b.txt", "GET /datasets/org/name/resolve/" + commit1 + "/d/b.txt",
		}},
	} {
		f := newFake(t, map[string]string{"a.txt": "1", "d/b.txt": "2", "d/c.bin": "3"})
		f.old = tt.old
		paths, err := newPlace(t, f).open(t, "org/name", tt.kind, tt.src).Files(t.Context(), "**.txt")
		if err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprint(tt.src, tt.kind), f.requests(), tt.want)
		equal(t, "bytes", read(t, paths[0])+read(t, paths[1]), "12")
	}
}

// If both routes are refused, the error is that of the first.
func TestSecondRouteRefused(t *testing.T) {
	f := newFake(t, map[string]string{"w": "bytes"})
	f.old = true
	f.gone = true
	_, err := newPlace(t, f).open(t, "org/name", Dataset, ModelScope).File(t.Context(), "w")
	equal(t, "error", fmt.Sprint(err),
		f.URL+"/api/v1/datasets/org/name/repo?FilePath=w&Revision=master: 404 page not found (HTTP 404)")
}

// A mirror of Hugging Face that has no pages.
func TestListWithoutPages(t *testing.T) {
	f := newFake(t, map[string]string{"a.txt": "1", "b.txt": "2"})
	f.old = true
	paths, err := newPlace(t, f).open(t, "org/name", Model, HuggingFace).Files(t.Context(), "*.txt")
	equal(t, "err", err, nil)
	equal(t, "files", len(paths), 1)
}
