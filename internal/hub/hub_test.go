package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"perfpipe/internal/fault"
)

// place is a machine of its own: a home, variables, and what was said.
type place struct {
	env  map[string]string
	said []string
}

func newPlace(t *testing.T, f *fake) *place {
	p := &place{env: map[string]string{"HOME": t.TempDir()}}
	if f != nil {
		p.env["HF_ENDPOINT"], p.env["MODELSCOPE_ENDPOINT"] = f.URL, f.URL+"/"
	}
	return p
}

func (p *place) open(t *testing.T, name string, kind Kind, src Source) *Repo {
	t.Helper()
	var mu sync.Mutex
	r, err := Open(name, kind, Options{Source: src, Getenv: func(k string) string { return p.env[k] },
		Say: func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			p.said = append(p.said, fmt.Sprintf(format, args...))
		}})
	if err != nil {
		t.Fatal(err)
	}
	if r.get != nil {
		r.get.pause = time.Microsecond
	}
	return r
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func hint(err error) string {
	if ce, ok := errors.AsType[*fault.Error](err); ok {
		return ce.Hint
	}
	return ""
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func TestHuggingFaceCacheLayout(t *testing.T) {
	f := newFake(t, map[string]string{"tokenizer.json": "{}", "sub/model.bin": "weights"})
	f.large["sub/model.bin"] = true
	p := newPlace(t, f)
	r := p.open(t, "org/name", Model, HuggingFace)
	paths, err := r.Files(t.Context(), "tokenizer.json", "sub/*.bin")
	if err != nil {
		t.Fatal(err)
	}
	repo := filepath.Join(p.env["HOME"], ".cache/huggingface/hub/models--org--name")
	snap := filepath.Join(repo, "snapshots", commit1)
	equal(t, "paths", paths, []string{filepath.Join(snap, "tokenizer.json"), filepath.Join(snap, "sub/model.bin")})
	equal(t, "small", read(t, paths[0]), "{}")
	equal(t, "large", read(t, paths[1]), "weights")
	equal(t, "ref", read(t, filepath.Join(repo, "refs/main")), commit1)
	equal(t, "blob", read(t, filepath.Join(repo, "blobs", f.sum("sub/model.bin"))), "weights")
	link, err := os.Readlink(paths[1])
	equal(t, "link", link, "../../../blobs/"+f.sum("sub/model.bin"))
	equal(t, "readlink", err, nil)

	// A second process asks nothing.
	before := len(f.requests())
	again, err := p.open(t, "org/name", Model, HuggingFace).Files(t.Context(), "tokenizer.json", "sub/model.bin")
	equal(t, "again", again, paths)
	equal(t, "err", err, nil)
	equal(t, "requests", len(f.requests()), before)
}

func TestModelScopeCacheLayout(t *testing.T) {
	for _, kind := range []Kind{Model, Dataset} {
		f := newFake(t, map[string]string{"a.jsonl": "1\n", "d/b.jsonl": "22\n", "d/e/c.jsonl": ""})
		p := newPlace(t, f)
		paths, err := p.open(t, "org/name", kind, ModelScope).Files(t.Context(), "a.jsonl", "d/**/*.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		snap := filepath.Join(p.env["HOME"], ".cache/modelscope", string(kind)+"s", "org--name/snapshots/master")
		equal(t, "paths", paths, []string{filepath.Join(snap, "a.jsonl"), filepath.Join(snap, "d/b.jsonl"),
			filepath.Join(snap, "d/e/c.jsonl")})
		equal(t, "bytes", read(t, paths[1]), "22\n")
	}
}

func TestModelScopePages(t *testing.T) {
	files := map[string]string{}
	for i := range 2*msPageSize + 1 {
		files[fmt.Sprintf("f%04d.txt", i)] = "x"
	}
	p := newPlace(t, newFake(t, files))
	names, err := p.open(t, "org/name", Dataset, ModelScope).List(t.Context())
	equal(t, "files", len(names), 2*msPageSize+1)
	equal(t, "err", err, nil)
}

// Every layout that a client has ever written is read, without network.
func TestOldLayouts(t *testing.T) {
	for _, dir := range []string{
		"models/org--na.me/snapshots/master", "models/org/na___me", "models/org/na.me", "hub/models/org/na___me",
		"org/na.me", "org/na___me", "hub/org/na.me", "hub/org/na___me",
	} {
		p := newPlace(t, nil)
		p.env["MODELSCOPE_CACHE"] = t.TempDir()
		p.env["HF_HUB_OFFLINE"] = "1"
		want := filepath.Join(p.env["MODELSCOPE_CACHE"], dir, "tokenizer.json")
		os.MkdirAll(filepath.Dir(want), 0o755)
		os.WriteFile(want, nil, 0o644)
		got, err := p.open(t, "org/na.me", Model, ModelScope).File(t.Context(), "tokenizer.json")
		equal(t, dir, got, want)
		equal(t, dir, err, nil)
		_, err = p.open(t, "org/na.me@v2", Model, ModelScope).File(t.Context(), "tokenizer.json")
		if err == nil {
			t.Errorf("%s: another revision was taken for v2", dir)
		}
	}
}

func TestTokenStaysHome(t *testing.T) {
	for _, src := range []Source{HuggingFace, ModelScope} {
		f := newFake(t, map[string]string{"w": "bytes"})
		f.large["w"], f.token = true, "secret"
		p := newPlace(t, f)
		p.env["HF_TOKEN"], p.env["MODELSCOPE_API_TOKEN"] = "secret", "secret"
		path, err := p.open(t, "org/name", Dataset, src).File(t.Context(), "w")
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "bytes", read(t, path), "bytes")
		equal(t, "seen by the content network", f.leaked, nil)
	}
}

func TestTokenFile(t *testing.T) {
	f := newFake(t, map[string]string{"w": "bytes"})
	f.token = "stored"
	p := newPlace(t, f)
	os.MkdirAll(filepath.Join(p.env["HOME"], ".cache/huggingface"), 0o755)
	os.WriteFile(filepath.Join(p.env["HOME"], ".cache/huggingface/token"), []byte("stored\n"), 0o600)
	_, err := p.open(t, "org/name", Model, HuggingFace).File(t.Context(), "w")
	equal(t, "err", err, nil)
}

func TestRefusals(t *testing.T) {
	f := newFake(t, map[string]string{"w": "bytes"})
	f.token = "secret"
	p := newPlace(t, f)
	_, err := p.open(t, "org/name", Model, HuggingFace).File(t.Context(), "w")
	equal(t, "gated", fmt.Sprint(err), f.URL+"/org/name/resolve/main/w: Access to model org/name is restricted (HTTP 401)")
	equal(t, "gated hint", hint(err), "set HF_TOKEN; a gated repository's terms are accepted at "+f.URL+"/org/name; "+
		"or download it elsewhere from "+f.URL+"/org/name and give the path of the copy instead of the name")

	p.env["MODELSCOPE_API_TOKEN"] = "wrong"
	_, err = p.open(t, "org/name", Model, ModelScope).File(t.Context(), "w")
	equal(t, "forbidden", fmt.Sprint(err),
		f.URL+"/api/v1/models/org/name/repo/files?Recursive=True&Revision=master: no permission (HTTP 403)")
	if !strings.HasPrefix(hint(err), "the token of MODELSCOPE_API_TOKEN has no access") {
		t.Errorf("hint: %s", hint(err))
	}
	if strings.Contains(fmt.Sprint(err)+hint(err), "wrong") {
		t.Error("the token is shown")
	}
}

func TestMissing(t *testing.T) {
	f := newFake(t, map[string]string{"w": "bytes"})
	for _, src := range []Source{HuggingFace, ModelScope} {
		p := newPlace(t, f)
		_, err := p.open(t, "org/name", Model, src).File(t.Context(), "none.json")
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), f.URL) {
			t.Errorf("%s: file: %v", src, err)
		}
		_, err = p.open(t, "org/name", Model, src).Files(t.Context(), "*.json")
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: pattern: %v", src, err)
		}
		_, err = p.open(t, "org/other", Model, src).File(t.Context(), "w")
		if err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "Repository not found (HTTP 404)") {
			t.Errorf("%s: repository: %v", src, err)
		}
	}
}

// That a commit lacks a file is remembered in the cache, as huggingface_hub does.
func TestNoExist(t *testing.T) {
	f := newFake(t, map[string]string{"w": "bytes"})
	p := newPlace(t, f)
	r := p.open(t, "org/name", Model, HuggingFace)
	for _, name := range []string{"w", "chat_template.jinja", "chat_template.jinja"} {
		_, err := r.File(t.Context(), name)
		equal(t, name, errors.Is(err, fs.ErrNotExist), name != "w")
	}
	equal(t, "requests", f.requests(), []string{"HEAD /org/name/resolve/main/w", "GET /org/name/resolve/main/w",
		"HEAD /org/name/resolve/" + commit1 + "/chat_template.jinja"})
}

func TestOffline(t *testing.T) {
	f := newFake(t, map[string]string{"w": "bytes"})
	for _, src := range []Source{HuggingFace, ModelScope} {
		p := newPlace(t, f)
		p.env["TRANSFORMERS_OFFLINE"] = "yes"
		_, err := p.open(t, "org/name", Model, src).File(t.Context(), "w")
		if err == nil || errors.Is(err, fs.ErrNotExist) ||
			!strings.HasPrefix(err.Error(), "org/name: w is not in the cache: TRANSFORMERS_OFFLINE forbids requests to ") ||
			!strings.Contains(err.Error(), f.URL) ||
			!strings.Contains(hint(err), "give the path of the copy") {
			t.Errorf("%s: %v", src, err)
		}
		delete(p.env, "TRANSFORMERS_OFFLINE")
		if _, err := p.open(t, "org/name", Model, src).File(t.Context(), "w"); err != nil {
			t.Fatal(err)
		}
		p.env["HF_HUB_OFFLINE"] = "1"
		before := len(f.requests())
		r := p.open(t, "org/name", Model, src)
		paths, err := r.Files(t.Context(), "*")
		equal(t, "cached", len(paths), 1)
		equal(t, "err", err, nil)
		_, err = r.File(t.Context(), "other") // the snapshot is taken to be whole
		equal(t, "not there", errors.Is(err, fs.ErrNotExist), true)
		equal(t, "requests", len(f.requests()), before)
	}
}

func TestUnreachable(t *testing.T) {
	f := newFake(t, map[string]string{"w": "bytes"})
	p := newPlace(t, f)
	_, err := p.open(t, "org/name", Model, HuggingFace).File(t.Context(), "w")
	equal(t, "err", err, nil)
	f.Close()
	_, err = p.open(t, "org/name", Model, ModelScope).File(t.Context(), "w")
	if err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "connection refused") ||
		!strings.Contains(err.Error(), f.URL) || !strings.Contains(hint(err), "give the path of the copy") {
		t.Errorf("empty cache: %v", err)
	}
	r := p.open(t, "org/name", Model, HuggingFace)
	paths, err := r.Files(t.Context(), "w*")
	equal(t, "from the cache", len(paths), 1)
	equal(t, "err", err, nil)
	_, err = r.File(t.Context(), "other")
	equal(t, "not there", errors.Is(err, fs.ErrNotExist), true)
	if !slices.ContainsFunc(p.said, func(s string) bool { return strings.HasSuffix(s, "; using the cache") }) {
		t.Errorf("it was not said: %q", p.said)
	}
}

func TestOutOfOrder(t *testing.T) {
	f := newFake(t, map[string]string{"w": "bytes"})
	f.broken = 2
	p := newPlace(t, f)
	_, err := p.open(t, "org/name", Model, HuggingFace).File(t.Context(), "w")
	equal(t, "after two 503", err, nil)
}

// A whole set of shards needs no listing; a set with a gap does.
func TestShards(t *testing.T) {
	f := newFake(t, map[string]string{"d/train-00000-of-00002.parquet": "a", "d/train-00001-of-00002.parquet": "b"})
	p := newPlace(t, f)
	r := p.open(t, "org/name/d/train-*.parquet", Dataset, HuggingFace)
	if _, err := r.File(t.Context(), "d/train-00000-of-00002.parquet"); err != nil {
		t.Fatal(err)
	}
	first, err := r.Files(t.Context())
	equal(t, "files", len(first), 2)
	equal(t, "err", err, nil)
	before := len(f.requests())
	second, err := r.Files(t.Context())
	equal(t, "files", second, first)
	equal(t, "err", err, nil)
	equal(t, "requests", len(f.requests()), before)
}

// A repository that an old client has begun is completed where it lies.
func TestOldLayoutIsCompleted(t *testing.T) {
	p := newPlace(t, newFake(t, map[string]string{"config.json": "{}", "model.safetensors": "w"}))
	old := filepath.Join(p.env["HOME"], ".cache/modelscope/hub/models/org/name")
	os.MkdirAll(old, 0o755)
	os.WriteFile(filepath.Join(old, "config.json"), []byte("{}"), 0o644)
	dir, err := p.open(t, "org/name", Model, ModelScope).Weights(t.Context())
	equal(t, "folder", dir, old)
	equal(t, "err", err, nil)
	equal(t, "weights", read(t, filepath.Join(old, "model.safetensors")), "w")
}

func TestWeights(t *testing.T) {
	files := map[string]string{"config.json": "{}", "README.md": "", ".gitattributes": "", "tokenizer.json": "{}",
		"model-00001-of-00001.safetensors": "s", "pytorch_model.bin": "t", "onnx/model.onnx": "o", "onnx/config.json": "{}",
		"code/modeling.py": "p"}
	for _, safe := range []bool{true, false} {
		if !safe {
			delete(files, "model-00001-of-00001.safetensors")
		}
		p := newPlace(t, newFake(t, files))
		r := p.open(t, "org/name", Model, HuggingFace)
		dir, err := r.Weights(t.Context())
		equal(t, "err", err, nil)
		equal(t, "folder", dir, r.hub.snapshots()[0])
		want := []string{"code/modeling.py", "config.json", "model-00001-of-00001.safetensors", "tokenizer.json"}
		if !safe {
			want[2] = "pytorch_model.bin"
		}
		equal(t, "files", r.local(), want)
	}
	delete(files, "pytorch_model.bin")
	p := newPlace(t, newFake(t, files))
	if _, err := p.open(t, "org/name", Model, HuggingFace).Weights(t.Context()); err == nil {
		t.Error("a repository without weights was taken")
	}
	dir, err := p.open(t, p.env["HOME"], Model, HuggingFace).Weights(t.Context())
	equal(t, "local", dir, p.env["HOME"])
	equal(t, "err", err, nil)
}

func TestLocal(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"a.json", "sub/b.parquet", "sub/c.parquet"} {
		os.MkdirAll(filepath.Dir(filepath.Join(dir, n)), 0o755)
		os.WriteFile(filepath.Join(dir, n), nil, 0o644)
	}
	p := newPlace(t, nil)
	for name, want := range map[string][]string{
		dir + "/a.json":        {"a.json"},
		dir + "/sub/*.parquet": {"sub/b.parquet", "sub/c.parquet"},
		dir + "/**":            {"a.json", "sub/b.parquet", "sub/c.parquet"},
	} {
		for _, src := range []Source{Local, ModelScope} {
			got, err := p.open(t, name, Dataset, src).Files(t.Context())
			for i := range want {
				want[i] = filepath.Join(dir, strings.TrimPrefix(want[i], dir))
			}
			equal(t, name, got, want)
			equal(t, name, err, nil)
		}
	}
	_, err := p.open(t, dir, Dataset, Local).File(t.Context(), "../x")
	if err == nil {
		t.Error("a path outside was taken")
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string][3]string{
		"org/name":                             {"org/name", "", ""},
		"org/na.me@v1.0":                       {"org/na.me", "v1.0", ""},
		"org/name/a/*.parquet":                 {"org/name", "", "a/*.parquet"},
		"org/name@main/x.json":                 {"org/name", "main", "x.json"},
		"org/name@refs/convert/parquet/d/x.pq": {"org/name", "refs/convert/parquet", "d/x.pq"},
	} {
		id, rev, within, err := parse(name, ModelScope)
		equal(t, name, [3]string{id, rev, within}, want)
		equal(t, name, err, nil)
	}
	for _, name := range []string{"", "name", "/abs", "./x", "~/x", "org/", "org//x", "org/name@", "org/name@..", "a/../b",
		"o*/n"} {
		if _, _, _, err := parse(name, ModelScope); err == nil {
			t.Errorf("%q was taken for a name", name)
		}
	}
	id, rev, within, err := parse("gpt2@main", HuggingFace)
	equal(t, "without ORG", [3]string{id, rev, within}, [3]string{"gpt2", "main", ""})
	equal(t, "without ORG", err, nil)
}

// Whatever a name is made of, nothing outside the cache is meant.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"org/name@main/a/*.parquet", "org/name@refs/pr/1", "gpt2", "[!a]?**/", "a/b/[", "..",
		"a/b@../c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		for _, src := range []Source{ModelScope, HuggingFace} {
			id, rev, within, err := parse(name, src)
			if err != nil {
				continue
			}
			for _, p := range []string{id, rev, within} {
				if p != "" && !filepath.IsLocal(p) {
					t.Errorf("%q: %q leads outside", name, p)
				}
			}
		}
		if re, err := compile(name); err == nil && !isPattern(name) && !re.MatchString(name) {
			t.Errorf("%q does not match itself", name)
		}
	})
}
