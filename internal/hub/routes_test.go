package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
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

// A pattern in a folder lists that folder; what is missing is looked for in the whole repository.
func TestRoutesOfFolder(t *testing.T) {
	f := newFake(t, map[string]string{"a.txt": "1", "d/e/b.txt": "2"})
	r := newPlace(t, f).open(t, "org/name", Dataset, ModelScope)
	_, err := r.Files(t.Context(), "d/e/*.txt")
	equal(t, "err", err, nil)
	_, err = r.File(t.Context(), "none/b.txt")
	equal(t, "missing", errors.Is(err, fs.ErrNotExist), true)
	_, err = r.File(t.Context(), "a.txt")
	equal(t, "err", err, nil)
	list, get := "GET /api/v1/datasets/org/name/repo/tree", "GET /api/v1/datasets/org/name/repo"
	equal(t, "requests", f.requests(), []string{list + " of d/e", get, list + " of none", list, get})
}

// The list of a commit's files is kept, and one that huggingface_hub has kept is read.
func TestTreeIsKept(t *testing.T) {
	f := newFake(t, map[string]string{"a.txt": "1", "b.txt": "2", "c.txt": "3"})
	p := newPlace(t, f)
	_, err := p.open(t, "org/name", Model, HuggingFace).Files(t.Context(), "[ab].txt")
	equal(t, "err", err, nil)
	before := len(f.requests())
	_, err = p.open(t, "org/name", Model, HuggingFace).Files(t.Context(), "[ab].*")
	equal(t, "err", err, nil)
	equal(t, "requests", len(f.requests()), before)

	path := filepath.Join(p.env["HOME"], ".cache/huggingface/hub/models--org--name/trees", commit1+".json")
	if !strings.Contains(read(t, path), `"format_version": 1`) {
		t.Errorf("the tree is %s", read(t, path))
	}
	tree := `{"format_version": 1, "files": {"b.txt": {"size": 1, "blob_id": "x", "lfs_sha256": "y", "lfs_size": 1}}}`
	equal(t, "write", os.WriteFile(path, []byte(tree), 0o644), nil)
	paths, err := p.open(t, "org/name", Model, HuggingFace).Files(t.Context(), "*")
	equal(t, "err", err, nil)
	equal(t, "files", len(paths), 1)
	for _, unreadable := range []string{"{", `{"format_version": 2, "files": {}}`} {
		equal(t, "write", os.WriteFile(path, []byte(unreadable), 0o644), nil)
		paths, err := p.open(t, "org/name", Model, HuggingFace).Files(t.Context(), "*")
		equal(t, "err", err, nil)
		equal(t, "files", len(paths), 3)
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

func TestNextPage(t *testing.T) {
	for link, want := range map[string]string{
		`<https://hub/api?cursor=1>; rel="next"`:                      "https://hub/api?cursor=1",
		`<https://hub/first>; rel="first", <https://hub/2>; rel=next`: "https://hub/2",
		`</api?cursor=1>; title="x"; rel="next"`:                      "https://hub/api?cursor=1",
		`<https://hub/first>; rel="first"`:                            "",
		`<https://other/api?cursor=1>; rel="next"`:                    "",
		`<http://hub/api?cursor=1>; rel="next"`:                       "",
		`<https://hub/%zz>; rel="next"`:                               "",
		`https://hub/2; rel="next"`:                                   "",
		``:                                                            "",
	} {
		equal(t, link, nextPage(linked(link)), want)
	}
}

// linked returns the answer of https://hub/api with this header.
func linked(link string) *http.Response {
	return &http.Response{
		Header:  http.Header{"Link": {link}},
		Request: &http.Request{URL: &url.URL{Scheme: "https", Host: "hub", Path: "/api"}},
	}
}

// FuzzNextPage holds that the next page is on the host that has the token.
func FuzzNextPage(f *testing.F) {
	f.Add(`<https://hub/api?cursor=1>; rel="next"`)
	f.Add(`<//other/x>; rel=next, <https:hub>; rel="next"`)
	f.Fuzz(func(t *testing.T, link string) {
		next := nextPage(linked(link))
		if next == "" {
			return
		}
		u, err := url.Parse(next)
		if err != nil || u.Scheme != "https" || u.Host != "hub" {
			t.Errorf("%q leads to %q, %v", link, next, err)
		}
	})
}

func TestLiteralFolder(t *testing.T) {
	for pattern, want := range map[string]string{
		"a.txt": "", "*.txt": "", "d/e/a.txt": "d/e", "d/e/*.txt": "d/e", "d/*/e/a.txt": "d", "**/a.txt": "",
		".cache/*.txt": ".cache", ".cache/d/a.txt": ".cache/d",
	} {
		equal(t, pattern, literalFolder(pattern), want)
	}
}
