// Package hub returns local paths of the files of ModelScope and Hugging Face repositories, and downloads those that
// are not in the cache of either hub.
//
//	repo, err := hub.Open("AI-ModelScope/HC3-Chinese", hub.Dataset, hub.Options{Say: env.Say})
//	paths, err := repo.Files(ctx, "open_qa.jsonl")
//
//	repo, err := hub.Open("Qwen/Qwen2.5-0.5B-Instruct", hub.Model, hub.Options{Source: hub.HuggingFace})
//	path, err := repo.File(ctx, "tokenizer.json")
//	template, err := repo.File(ctx, "chat_template.jinja") // errors.Is(err, fs.ErrNotExist): it has none
//	folder, err := repo.Weights(ctx)                       // for a local server
//
// Files land where the hubs' Python clients keep them, under the same locks, so that either finds what the other
// fetched. A file that is there already is used without asking the hub.
package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"perfpipe/internal/fault"
)

// Source is the hub that resolves names.
type Source string

// The sources, by their names in --data-source.
const (
	ModelScope  Source = "modelscope"
	HuggingFace Source = "huggingface"
	Local       Source = "local"
)

// Kind is the kind of a repository.
type Kind string

// The kinds.
const (
	Model   Kind = "model"
	Dataset Kind = "dataset"
)

// Options configures access to the hubs. The zero value is ModelScope without messages.
type Options struct {
	Source   Source                           // "" is ModelScope
	Getenv   func(string) string              // nil is os.Getenv
	Say      func(format string, args ...any) // logs one line about a download; nil logs nothing
	Terminal io.Writer                        // terminal for a progress bar; nil draws none
}

// Repo is one revision of a repository, or a local folder or file. It is for one goroutine at a time.
type Repo struct {
	name string
	hub  backend // nil: local
	root string  // of a local Repo
	path string
	opt  Options
	get  *getter
	down error // the hub was unreachable: logged once, not tried again
}

// file is one file of a repository as its hub describes it.
type file struct {
	path  string // path within the repository
	url   string
	other string // second URL, for a hub that refuses the first; "" is none
	sum   string // sha256 (64 digits), the sha1 of a git blob (40), or something else that cannot be verified
	size  int64  // in bytes; -1: unknown
	dst   target
}

// backend is one hub.
type backend interface {
	// snapshots returns the folders that may contain the revision, best first.
	snapshots() []string
	// absent reports whether the cache knows that the revision lacks the file.
	absent(name string) bool
	// list returns the names of the revision's files, at least of those in the folder root; "" is all of them.
	list(ctx context.Context, root string) ([]string, error)
	// stat returns the description of a file.
	stat(ctx context.Context, name string) (file, error)
	// url returns the URL of a file, for messages.
	url(name string) string
}

// Open interprets a name without any access to the network. A name is ORG/NAME, ORG/NAME@REVISION, or either followed
// by /PATH, a file or pattern within it. A path that exists on disk is local, whatever the source.
func Open(name string, kind Kind, opt Options) (*Repo, error) {
	if opt.Getenv == nil {
		opt.Getenv = os.Getenv
	}
	if opt.Say == nil {
		opt.Say = func(string, ...any) {}
	}
	r := &Repo{name: name, opt: opt}
	local := expandHome(name, opt.Getenv)
	info, err := os.Stat(local)
	switch {
	case err == nil && info.IsDir():
		r.root = local
		return r, nil
	case err == nil:
		r.root, r.path = filepath.Dir(local), filepath.Base(local)
		return r, nil
	case isPattern(local) && (opt.Source == Local || isPath(name)):
		r.root, r.path = splitPattern(local)
		return r, nil
	case opt.Source == Local:
		return nil, fault.Of("", "hub-or-folder", "%w", err)
	}
	id, revision, within, err := parse(name, opt.Source)
	if err != nil {
		return nil, err
	}
	r.path = within
	env := environment{opt.Getenv}
	switch opt.Source {
	case HuggingFace:
		h := newHuggingFace(id, revision, kind, env)
		r.hub, r.get = h, h.get
	case ModelScope, "":
		m := newModelScope(id, revision, kind, env)
		r.hub, r.get = m, m.get
	default:
		return nil, fault.Usage("the sources are modelscope, huggingface and local", "unknown source %q", opt.Source)
	}
	r.get.say, r.get.bar = opt.Say, opt.Terminal
	if env.isTrue("HF_HUB_DISABLE_PROGRESS_BARS") {
		r.get.bar = nil
	}
	return r, nil
}

// Path returns the file or pattern of the name that was opened: the PATH of ORG/NAME/PATH, or "".
func (r *Repo) Path() string { return r.path }

// File returns the local path of a file, by its name within the repository. The error is fs.ErrNotExist if the
// repository does not have it.
func (r *Repo) File(ctx context.Context, name string) (string, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", fault.Usage("", "%s: %q is not a path within it", r.name, name)
	}
	if r.hub == nil {
		p := filepath.Join(r.root, filepath.FromSlash(name))
		if _, err := os.Stat(p); err != nil {
			return "", err
		}
		return p, nil
	}
	if p, ok := r.cached(name); ok {
		return p, nil
	}
	if r.hub.absent(name) {
		return "", fmt.Errorf("%s has no file %s: %w", r.name, name, fs.ErrNotExist)
	}
	if err := r.reachable(name); err != nil {
		return "", err
	}
	f, err := r.hub.stat(ctx, name)
	if err == nil {
		return r.get.fetch(ctx, f)
	}
	if r.unreachable(err) {
		return "", r.reachable(name)
	}
	return "", err
}

// Files returns the local paths of the files that match the patterns. A pattern with wildcards must match at least one
// file. * and ? do not match a slash, ** does. Without patterns, Path is the pattern.
func (r *Repo) Files(ctx context.Context, patterns ...string) ([]string, error) {
	if len(patterns) == 0 {
		if r.path == "" {
			return nil, fault.Usage("append the file: "+r.name+"/FILE", "%s: which of its files?", r.name)
		}
		patterns = []string{r.path}
	}
	var paths []string
	for _, p := range patterns {
		names := []string{p}
		if isPattern(p) {
			var err error
			if names, err = r.match(ctx, p); err != nil {
				return nil, err
			}
		}
		for _, name := range names {
			p, err := r.File(ctx, name)
			if err != nil {
				return nil, err
			}
			if !slices.Contains(paths, p) {
				paths = append(paths, p)
			}
		}
	}
	return paths, nil
}

// Weights returns the folder of a model with all files that a server needs to load it: configuration, tokenizer, code,
// and the weights as safetensors or, if there are none, as PyTorch files.
func (r *Repo) Weights(ctx context.Context) (string, error) {
	if r.hub == nil {
		return filepath.Join(r.root, r.path), nil
	}
	names, err := r.List(ctx)
	if err != nil {
		return "", err
	}
	names = weights(names)
	if len(names) == 0 {
		return "", fault.Fail(r.get.localHint(), "%s: it has no weights of a known kind", r.hub.url(""))
	}
	root := ""
	for _, name := range names {
		p, err := r.File(ctx, name)
		if err != nil {
			return "", err
		}
		dir := strings.TrimSuffix(filepath.ToSlash(p), "/"+name)
		if root != "" && dir != root {
			return "", fault.Fail("remove one of them", "%s is in two folders, %s and %s", r.name, root, dir)
		}
		root = dir
	}
	return filepath.FromSlash(root), nil
}

// match returns the sorted names of the files that match a pattern.
func (r *Repo) match(ctx context.Context, pattern string) ([]string, error) {
	re, err := compile(pattern)
	if err != nil {
		return nil, err
	}
	filter := func(names []string) []string {
		names = slices.DeleteFunc(names, func(n string) bool { return !re.MatchString(n) })
		slices.Sort(names)
		return names
	}
	if names := filter(r.local()); completeShards(names) {
		return names, nil // complete, so the hub need not be asked
	}
	names, err := r.list(ctx, literalFolder(pattern))
	if err != nil {
		return nil, err
	}
	if names = filter(names); len(names) == 0 {
		return nil, fault.Fail("", "%s: no file matches %s: %w", r.name, pattern, fs.ErrNotExist)
	}
	return names, nil
}

// List returns the names of the repository's files. If the hub is unreachable these are the cached ones.
func (r *Repo) List(ctx context.Context) ([]string, error) { return r.list(ctx, "") }

func (r *Repo) list(ctx context.Context, root string) ([]string, error) {
	if r.hub == nil {
		return r.local(), nil
	}
	if r.reachable("") == nil {
		names, err := r.hub.list(ctx, root)
		if err == nil || !r.unreachable(err) {
			return names, err
		}
	}
	if names := r.local(); len(names) > 0 {
		return names, nil
	}
	return nil, r.reachable("")
}

// cached returns the path of a file in the caches.
func (r *Repo) cached(name string) (string, bool) {
	for _, dir := range r.hub.snapshots() {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if info, err := os.Stat(p); err == nil && !info.IsDir() {
			return p, true
		}
	}
	return "", false
}

// local returns the names of the files on disk.
func (r *Repo) local() []string {
	dirs := []string{r.root}
	if r.hub != nil {
		dirs = r.hub.snapshots()
	}
	var names []string
	for _, dir := range dirs {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			dir = real // WalkDir does not follow links
		}
		filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && path.Ext(p) != ".incomplete" {
				if rel, err := filepath.Rel(dir, p); err == nil {
					names = append(names, filepath.ToSlash(rel))
				}
			}
			return nil
		})
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// reachable returns an error if the hub must not be asked: it is switched off, or was unreachable. If the cache has
// other files of the revision, the error is fs.ErrNotExist, since the snapshot is then assumed to be complete, as in
// the Python clients.
func (r *Repo) reachable(name string) error {
	why := r.down
	if r.get.offline != "" {
		why = fmt.Errorf("%s forbids requests to %s", r.get.offline, r.hub.url(name))
	}
	if why == nil {
		return nil
	}
	if len(r.local()) > 0 {
		why = &missingError{said: why.Error()}
	}
	what := r.get.id
	if name != "" {
		what += ": " + name
	}
	return fault.Fail(r.get.localHint(), "%s is not in the cache: %w", what, why)
}

// unreachable records that the hub is unreachable.
func (r *Repo) unreachable(err error) bool {
	var away *awayError
	if !errors.As(err, &away) {
		return false
	}
	r.down = away.err
	if len(r.local()) > 0 {
		r.opt.Say("%v; using the cache", r.down)
	}
	return true
}
