package hub

import (
	"bytes"
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const commit1 = "1111111111111111111111111111111111111111"

// fake answers like both hubs. Large files are served by a second server, as the hubs' content networks do.
type fake struct {
	*httptest.Server
	cdn *httptest.Server

	mu      sync.Mutex
	files   map[string][]byte // of org/name
	large   map[string]bool   // served by the content network, with a sha256
	token   string            // needed, unless ""
	cuts    int               // number of responses to truncate
	stalls  int               // number of responses that stall
	noRange bool              // ranges are ignored
	gone    bool              // and not even that
	old     bool              // ModelScope has only the second route to files of datasets, Hugging Face no pages
	lie     map[string]string // wrong checksums to report
	broken  int               // number of responses with status 503
	log     []string          // METHOD path range, of every request
	leaked  []string          // credentials that the content network saw
}

func newFake(t *testing.T, files map[string]string) *fake {
	f := &fake{files: map[string][]byte{}, large: map[string]bool{}, lie: map[string]string{}}
	for name, text := range files {
		f.files[name] = []byte(text)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/models/org/name/revision/{rev}", f.hfInfo)
	mux.HandleFunc("GET /org/name/resolve/{rev}/{path...}", f.hfFile)
	mux.HandleFunc("GET /api/datasets/org/name/revision/{rev}", f.hfInfo)
	mux.HandleFunc("GET /api/models/org/name/tree/{rev}", f.hfTree)
	mux.HandleFunc("GET /api/datasets/org/name/tree/{rev}", f.hfTree)
	mux.HandleFunc("GET /datasets/org/name/resolve/{rev}/{path...}", f.dataset)
	mux.HandleFunc("GET /api/v1/models/org/name/repo/files", f.msList)
	mux.HandleFunc("GET /api/v1/datasets/org/name/repo/tree", f.msList)
	mux.HandleFunc("GET /api/v1/{kind}/org/name/repo", func(w http.ResponseWriter, r *http.Request) {
		if f.old && r.PathValue("kind") == "datasets" {
			http.NotFound(w, r)
			return
		}
		f.bytes(w, r, r.FormValue("FilePath"))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Error-Code", "RepoNotFound")
		w.Header().Set("X-Error-Message", "Repository not found")
		w.WriteHeader(http.StatusNotFound)
	})
	f.Server = httptest.NewServer(f.guard(mux))
	f.cdn = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.note("CDN ", r)
		for _, h := range []string{"Authorization", "Cookie"} {
			if v := r.Header.Get(h); v != "" {
				f.leaked = append(f.leaked, v)
			}
		}
		f.mu.Unlock()
		f.bytes(w, r, strings.TrimPrefix(r.URL.Path, "/blob/"))
	}))
	t.Cleanup(f.Server.Close)
	t.Cleanup(f.cdn.Close)
	return f
}

func (f *fake) note(prefix string, r *http.Request) {
	line := prefix + r.Method + " " + r.URL.Path
	if rng := r.Header.Get("Range"); rng != "" {
		line += " " + rng
	}
	if root := r.FormValue("Root"); root != "" {
		line += " of " + root
	}
	f.log = append(f.log, line)
}

func (f *fake) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.log)
}

func (f *fake) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.note("", r)
		broken, token := f.broken > 0, f.token
		if broken {
			f.broken--
		}
		f.mu.Unlock()
		switch {
		case broken:
			w.WriteHeader(http.StatusServiceUnavailable)
		case token != "" && r.Header.Get("Authorization") == "":
			w.Header().Set("X-Error-Code", "GatedRepo")
			w.Header().Set("X-Error-Message", "Access to model org/name is restricted.")
			w.WriteHeader(http.StatusUnauthorized)
		case token != "" && r.Header.Get("Authorization") != "Bearer "+token:
			http.Error(w, `{"Code":10010101001,"Message":"no permission","Success":false}`, http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (f *fake) hfInfo(w http.ResponseWriter, r *http.Request) {
	files := []map[string]string{{"rfilename": "a.txt"}} // the first of them, as the hub does for a large repository
	json.NewEncoder(w).Encode(map[string]any{"sha": commit1, "siblings": files})
}

// hfTree lists two files a page, and a folder on each.
func (f *fake) hfTree(w http.ResponseWriter, r *http.Request) {
	if f.old {
		http.NotFound(w, r)
		return
	}
	page, _ := strconv.Atoi(r.FormValue("cursor"))
	names := slices.Sorted(maps.Keys(f.files))
	if end := 2 * (page + 1); end < len(names) {
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?cursor=%d>; rel="next"`, f.URL, r.URL.Path, page+1))
		names = names[:end]
	}
	list := []map[string]string{{"type": "directory", "path": "folder"}}
	for _, name := range names[2*page:] {
		list = append(list, map[string]string{"type": "file", "path": name})
	}
	json.NewEncoder(w).Encode(list)
}

// dataset is one route for both hubs: ModelScope's revision is called master.
func (f *fake) dataset(w http.ResponseWriter, r *http.Request) {
	if f.gone {
		http.NotFound(w, r)
		return
	}
	if r.PathValue("rev") == "master" {
		f.bytes(w, r, r.PathValue("path"))
		return
	}
	f.hfFile(w, r)
}

func (f *fake) hfFile(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("path")
	body, ok := f.files[name]
	w.Header().Set("X-Repo-Commit", commit1)
	switch {
	case !ok:
		w.Header().Set("X-Error-Code", "EntryNotFound")
		w.Header().Set("X-Error-Message", "Entry not found")
		w.WriteHeader(http.StatusNotFound)
	case f.large[name]:
		w.Header().Set("X-Linked-Etag", strconv.Quote(f.sum(name)))
		w.Header().Set("X-Linked-Size", strconv.Itoa(len(body)))
		http.Redirect(w, r, f.cdn.URL+"/blob/"+name, http.StatusFound)
	default:
		w.Header().Set("ETag", `W/"`+f.sum(name)+`"`)
		f.bytes(w, r, name)
	}
}

// sum is the sha256 of a large file and git's sha1 of any other.
func (f *fake) sum(name string) string {
	body := f.files[name]
	if f.large[name] {
		return cmp.Or(f.lie[name], fmt.Sprintf("%x", sha256.Sum256(body)))
	}
	return cmp.Or(f.lie[name], fmt.Sprintf("%x", sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(body), body))))
}

func (f *fake) msList(w http.ResponseWriter, r *http.Request) {
	names := make([]string, 0, len(f.files))
	for n := range f.files {
		names = append(names, n)
	}
	names = slices.DeleteFunc(names, func(n string) bool {
		root := r.FormValue("Root")
		return root != "" && !strings.HasPrefix(n, root+"/")
	})
	slices.Sort(names)
	if len(names) == 0 {
		http.NotFound(w, r)
		return
	}
	if size, _ := strconv.Atoi(r.FormValue("PageSize")); size > 0 {
		page, _ := strconv.Atoi(r.FormValue("PageNumber"))
		names = names[min((page-1)*size, len(names)):min(page*size, len(names))]
	}
	files := []map[string]any{}
	for _, n := range names {
		sum := cmp.Or(f.lie[n], fmt.Sprintf("%x", sha256.Sum256(f.files[n])))
		files = append(files, map[string]any{"Path": n, "Name": n, "Type": "blob", "Size": len(f.files[n]), "Sha256": sum})
	}
	json.NewEncoder(w).Encode(map[string]any{"Code": 200, "Success": true, "Data": map[string]any{"Files": files}})
}

// bytes serves a file, ranges too, and cuts the connection in the middle while f.cuts says so.
func (f *fake) bytes(w http.ResponseWriter, r *http.Request, name string) {
	body, ok := f.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	f.mu.Lock()
	cut := f.cuts > 0 && r.Method == http.MethodGet
	if cut {
		f.cuts--
	}
	stall := f.stalls > 0 && r.Method == http.MethodGet
	if stall {
		f.stalls--
	}
	if f.noRange {
		r.Header.Del("Range")
	}
	f.mu.Unlock()
	if !cut && !stall {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
		return
	}
	rec := httptest.NewRecorder()
	http.ServeContent(rec, r, "", time.Time{}, bytes.NewReader(body))
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(rec.Code)
	w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
	w.(http.Flusher).Flush()
	if stall {
		<-r.Context().Done()
	}
	panic(http.ErrAbortHandler)
}
