package hub

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"perfpipe/internal/fault"
)

// huggingFace speaks the protocol and keeps the cache of huggingface_hub 2.4:
//
//	models--ORG--NAME/blobs/ETAG                      the bytes
//	models--ORG--NAME/refs/REVISION                   the commit that a branch or tag was at
//	models--ORG--NAME/snapshots/COMMIT/PATH           a link to the blob
//	models--ORG--NAME/.no_exist/COMMIT/PATH           the commit has no such file
//	models--ORG--NAME/trees/COMMIT.json               the list of its files
//	.locks/models--ORG--NAME/ETAG.lock
type huggingFace struct {
	id, revision, prefix string
	segment              string // models or datasets
	cache                string
	get                  *getter
}

var commitHash = regexp.MustCompile(`^[0-9a-f]{40}$`)

func newHuggingFace(id, revision string, kind Kind, env environment) *huggingFace {
	h := &huggingFace{id: id, revision: cmp.Or(revision, "main"), segment: "models", cache: env.hfCache()}
	if kind == Dataset {
		h.segment, h.prefix = "datasets", "datasets/"
	}
	h.get = newGetter(env.endpoint("https://huggingface.co", "HF_ENDPOINT"), id)
	if token := env.hfToken(); token != "" {
		h.get.auth = http.Header{"Authorization": {"Bearer " + token}}
	}
	h.get.offline = env.offline("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
	if kind == Dataset && h.get.offline == "" {
		h.get.offline = env.offline("HF_DATASETS_OFFLINE")
	}
	h.get.tokenVar, h.get.page = "HF_TOKEN", h.get.endpoint+"/"+h.prefix+id
	return h
}

func (h *huggingFace) folder() string { return h.segment + "--" + strings.ReplaceAll(h.id, "/", "--") }

func (h *huggingFace) commit() string {
	if commitHash.MatchString(h.revision) {
		return h.revision
	}
	b, err := os.ReadFile(filepath.Join(h.cache, h.folder(), "refs", filepath.FromSlash(h.revision)))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func (h *huggingFace) snapshots() []string {
	if c := h.commit(); c != "" {
		return []string{filepath.Join(h.cache, h.folder(), "snapshots", c)}
	}
	return nil
}

func (h *huggingFace) absent(name string) bool {
	c := h.commit()
	if c == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(h.cache, h.folder(), ".no_exist", c, filepath.FromSlash(name)))
	return err == nil
}

// at returns the revision to request: the commit of the cached snapshot, so that a branch that moves does not mix two
// versions of a repository.
func (h *huggingFace) at() string { return url.PathEscape(cmp.Or(h.commit(), h.revision)) }

func (h *huggingFace) url(name string) string {
	u := h.get.endpoint + "/" + h.prefix + h.id
	if name != "" {
		u += "/resolve/" + h.at() + "/" + escapePath(name)
	}
	return u
}

func escapePath(p string) string { return (&url.URL{Path: p}).EscapedPath() }

// stat sends a HEAD request. The hub's own response has all headers, including a redirect to the bytes, so no other
// host is asked.
func (h *huggingFace) stat(ctx context.Context, name string) (file, error) {
	f := file{path: name, url: h.url(name), size: -1}
	resp, err := h.get.head(ctx, f.url)
	if err != nil {
		h.remember(name, err)
		return f, err
	}
	commit := resp.Header.Get("X-Repo-Commit")
	etag := cmp.Or(resp.Header.Get("X-Linked-Etag"), resp.Header.Get("ETag"))
	etag = strings.Trim(strings.TrimPrefix(etag, "W/"), `"`)
	if !commitHash.MatchString(commit) || etag == "" || !filepath.IsLocal(etag) || strings.ContainsAny(etag, `/\`) {
		return f, fault.Fail(h.get.localHint(),
			"%s: the answer has no X-Repo-Commit and ETag: %s does not speak the Hugging Face protocol", f.url, h.get.endpoint)
	}
	size := resp.Header.Get("X-Linked-Size")
	if size == "" && resp.StatusCode == http.StatusOK {
		size = resp.Header.Get("Content-Length")
	}
	if n, err := strconv.ParseInt(size, 10, 64); err == nil {
		f.size = n
	}
	repo := filepath.Join(h.cache, h.folder())
	blob := filepath.Join(repo, "blobs", etag)
	f.sum = etag
	f.dst = target{
		final: blob, partial: blob + ".incomplete",
		lock: filepath.Join(h.cache, ".locks", h.folder(), etag+".lock"),
		link: filepath.Join(repo, "snapshots", commit, filepath.FromSlash(name)),
	}
	if h.revision != commit {
		f.dst.ref, f.dst.commit = filepath.Join(repo, "refs", filepath.FromSlash(h.revision)), commit
	}
	return f, nil
}

// remember records in the cache that the commit lacks the file, so that an optional file is requested only once.
func (h *huggingFace) remember(name string, err error) {
	commit := missingIn(err)
	if !commitHash.MatchString(commit) {
		return
	}
	p := filepath.Join(h.cache, h.folder(), ".no_exist", commit, filepath.FromSlash(name))
	if os.MkdirAll(filepath.Dir(p), 0o755) == nil {
		os.WriteFile(p, nil, 0o644) // a read-only cache is not an error: the hub is asked again
	}
}
