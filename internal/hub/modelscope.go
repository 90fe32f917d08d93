package hub

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/fault"
)

// modelScope speaks the protocol and keeps the cache of modelscope 1.40 (modelscope_hub 0.5):
//
//	models/ORG--NAME/snapshots/REVISION/PATH
//	.lock/file_DIGEST.lock
//
// and reads the layouts of older clients too, which know no revisions: [hub/]models/ORG/NAME, [hub/]ORG/NAME, a dot in
// NAME being written as ___ in some.
type modelScope struct {
	id, revision string
	kind         Kind
	segment      string // models or datasets
	cache        string
	get          *getter
	files        map[string]msFile // those listed so far
	listed       map[string]bool   // folders that were listed; "" is the whole repository
	cut          bool              // a listing was truncated
}

type msFile struct {
	Path   string
	Type   string
	Size   int64
	Sha256 string
}

const (
	msDefault  = "master"
	msCutAt    = 3000 // /repo/files truncates at this number silently
	msPageSize = 200
)

func newModelScope(id, revision string, kind Kind, env environment) *modelScope {
	m := &modelScope{id: id, revision: cmp.Or(revision, msDefault), kind: kind, segment: string(kind) + "s",
		files: map[string]msFile{}, listed: map[string]bool{}}
	m.cache = env.msCache()
	m.get = newGetter(env.endpoint("https://modelscope.cn", "MODELSCOPE_ENDPOINT", "MODELSCOPE_DOMAIN"), id)
	if token := env.first("MODELSCOPE_API_TOKEN"); token != "" {
		// Older routes read the cookie, newer ones the header; the Python client sends both.
		m.get.auth = http.Header{"Authorization": {"Bearer " + token}, "Cookie": {"m_session_id=" + token}}
	}
	// ModelScope's own clients have no switch; who sets one of these wants no network at all.
	m.get.offline = env.offline("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
	m.get.tokenVar, m.get.page = "MODELSCOPE_API_TOKEN", m.get.endpoint+"/"+m.segment+"/"+id
	return m
}

func (m *modelScope) snapshot() string {
	return filepath.Join(m.cache, m.segment, strings.ReplaceAll(m.id, "/", "--"), "snapshots",
		filepath.FromSlash(m.revision))
}

func (m *modelScope) snapshots() []string {
	dirs := []string{m.snapshot()}
	if m.revision != msDefault {
		return dirs
	}
	org, name, _ := strings.Cut(m.id, "/")
	for _, under := range []string{m.segment, "hub/" + m.segment, ".", "hub"} {
		for _, n := range []string{strings.ReplaceAll(name, ".", "___"), name} {
			dirs = append(dirs, filepath.Join(m.cache, filepath.FromSlash(under), org, n))
		}
	}
	return dirs
}

// target returns the folder for files: an old layout if it exists, as in the Python client, so that a repository is
// not stored twice.
func (m *modelScope) target() string {
	for _, dir := range m.snapshots() {
		if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
			return dir
		}
	}
	return m.snapshot()
}

func (m *modelScope) absent(string) bool { return false }

func (m *modelScope) url(name string) string {
	if name == "" {
		return m.get.page
	}
	q := url.Values{"Revision": {m.revision}, "FilePath": {name}}
	return m.get.endpoint + "/api/v1/" + m.segment + "/" + m.id + "/repo?" + q.Encode()
}

// otherURL returns the URL of a file of a dataset on the web pages, for a hub that refuses the other. Models have none.
func (m *modelScope) otherURL(name string) string {
	if m.kind != Dataset {
		return ""
	}
	return m.get.page + "/resolve/" + url.PathEscape(m.revision) + "/" + escapePath(name)
}

func (m *modelScope) list(ctx context.Context, root string) ([]string, error) {
	if err := m.load(ctx, root); err != nil {
		return nil, err
	}
	if m.cut {
		return nil, fault.Fail(m.get.localHint(), "%s: the hub lists only %d of the repository's files", m.url(""), msCutAt)
	}
	return slices.Collect(maps.Keys(m.files)), nil
}

// load lists a folder of the repository once; "" is all of it. If the folder does not exist, it lists the whole, which
// distinguishes a missing folder from a missing repository.
func (m *modelScope) load(ctx context.Context, root string) error {
	if m.listed[""] || m.listed[root] {
		return nil
	}
	err := m.pages(ctx, root)
	if _, away := errors.AsType[*awayError](err); err != nil && !away && root != "" && ctx.Err() == nil {
		return m.load(ctx, "")
	}
	if err == nil {
		m.listed[root] = true
	}
	return err
}

// pages lists a folder: models in one answer, datasets by pages.
func (m *modelScope) pages(ctx context.Context, root string) error {
	route := "/repo/files?"
	if m.kind == Dataset {
		route = "/repo/tree?"
	}
	for page := 1; ; page++ {
		q := url.Values{"Revision": {m.revision}, "Recursive": {"True"}}
		if m.kind == Dataset {
			q.Set("PageNumber", strconv.Itoa(page))
			q.Set("PageSize", strconv.Itoa(msPageSize))
		}
		if root != "" {
			q.Set("Root", root)
		}
		var answer struct {
			Code    int
			Message string
			Data    struct{ Files []msFile }
		}
		u := m.get.endpoint + "/api/v1/" + m.segment + "/" + m.id + route + q.Encode()
		if _, err := m.get.json(ctx, u, &answer); err != nil {
			return err
		}
		if answer.Code != 0 && answer.Code != http.StatusOK {
			return fault.Fail(m.get.localHint(), "%s: %s (code %d)", u, answer.Message, answer.Code)
		}
		for _, f := range answer.Data.Files {
			if f.Type != "tree" {
				m.files[f.Path] = f
			}
		}
		n := len(answer.Data.Files)
		if m.kind == Model || n < msPageSize {
			m.cut = m.cut || m.kind == Model && n >= msCutAt
			return nil
		}
	}
}

func (m *modelScope) stat(ctx context.Context, name string) (file, error) {
	f := file{path: name, url: m.url(name), other: m.otherURL(name), size: -1}
	if err := m.load(ctx, literalFolder(name)); err != nil {
		return f, err
	}
	entry, ok := m.files[name]
	if !ok && !m.cut {
		return f, fault.Fail("its files are shown at "+m.get.page, "%s: the repository has no file %s: %w", f.url, name,
			fs.ErrNotExist)
	}
	if f.sum = entry.Sha256; f.sum != "" || entry.Size > 0 { // an unknown size is listed as 0, as is an empty file
		f.size = entry.Size
	}
	final := filepath.Join(m.target(), filepath.FromSlash(name))
	key := strings.Join([]string{"modelscope-hub-download-lock-v2", "file", string(m.kind), m.id, name}, "\x00")
	f.dst = target{
		final: final, partial: final + ".incomplete",
		lock: filepath.Join(m.cache, ".lock", fmt.Sprintf("file_%x.lock", sha256.Sum256([]byte(key)))),
	}
	return f, nil
}
