package hub

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	json "github.com/goccy/go-json"
)

// tree is the list of a commit's files, as huggingface_hub keeps it.
type tree struct {
	Version int                  `json:"format_version"`
	Files   map[string]treeEntry `json:"files"`
}

type treeEntry struct {
	Size   int64  `json:"size"`
	BlobID string `json:"blob_id"`
	Sha256 string `json:"lfs_sha256,omitempty"`
	Large  *int64 `json:"lfs_size,omitempty"` // size in bytes of a file that is outside git
	Xet    string `json:"xet_hash,omitempty"`
}

const treeVersion = 1

// list returns the names in the cached tree of the commit. Otherwise it asks for the commit, then for its files by
// pages: the answer about the commit lists files too, but not all of a large repository. It suffices for a mirror that
// has no pages.
func (h *huggingFace) list(ctx context.Context, _ string) ([]string, error) {
	if t, ok := h.cachedTree(h.commit()); ok {
		return t.names(), nil
	}
	var info struct {
		Commit   string `json:"sha"`
		Siblings []struct {
			Name string `json:"rfilename"`
		} `json:"siblings"`
	}
	api := h.get.endpoint + "/api/" + h.segment + "/" + h.id
	if _, err := h.get.json(ctx, api+"/revision/"+h.at(), &info); err != nil {
		return nil, err
	}
	if t, ok := h.cachedTree(info.Commit); ok {
		return t.names(), nil
	}
	t, err := h.tree(ctx, api+"/tree/"+url.PathEscape(cmp.Or(info.Commit, h.revision)))
	if err == nil {
		h.keepTree(info.Commit, t)
		return t.names(), nil
	}
	if _, away := errors.AsType[*awayError](err); away || len(info.Siblings) == 0 {
		return nil, err
	}
	var names []string
	for _, s := range info.Siblings {
		names = append(names, s.Name)
	}
	return names, nil
}

// tree returns the files on all pages.
func (h *huggingFace) tree(ctx context.Context, u string) (t tree, err error) {
	t = tree{Version: treeVersion, Files: map[string]treeEntry{}}
	for u += "?recursive=true&expand=false"; u != ""; {
		var page []struct {
			Type, Path, Oid, XetHash string
			Size                     int64
			Lfs                      *struct {
				Oid  string
				Size int64
			}
		}
		if u, err = h.get.json(ctx, u, &page); err != nil {
			return t, err
		}
		for _, f := range page {
			if f.Type != "file" {
				continue
			}
			e := treeEntry{Size: f.Size, BlobID: f.Oid, Xet: f.XetHash}
			if f.Lfs != nil {
				e.Sha256, e.Large = f.Lfs.Oid, &f.Lfs.Size
			}
			t.Files[f.Path] = e
		}
	}
	return t, nil
}

func (t tree) names() []string { return slices.Collect(maps.Keys(t.Files)) }

func (h *huggingFace) treePath(commit string) string {
	return filepath.Join(h.cache, h.folder(), "trees", commit+".json")
}

func (h *huggingFace) cachedTree(commit string) (t tree, ok bool) {
	if !commitHash.MatchString(commit) {
		return t, false
	}
	b, err := os.ReadFile(h.treePath(commit))
	return t, err == nil && json.Unmarshal(b, &t) == nil && t.Version == treeVersion
}

// keepTree writes the tree of a commit into the cache. A read-only cache is not an error: the hub is asked again.
func (h *huggingFace) keepTree(commit string, t tree) {
	if !commitHash.MatchString(commit) {
		return
	}
	path := h.treePath(commit)
	if b, err := json.MarshalIndent(t, "", " "); err == nil && os.MkdirAll(filepath.Dir(path), 0o755) == nil {
		replace(path, func(tmp string) error { return os.WriteFile(tmp, b, 0o644) })
	}
}
