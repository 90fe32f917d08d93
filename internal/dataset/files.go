package dataset

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"perfpipe/internal/hub"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/tabular"
)

// where is the data of a dataset, unless the user names files.
type where struct {
	modelscope  string // repository, "" where the hub has none
	huggingface string
	files       []string // their names or patterns within it
	hfFiles     []string // at Hugging Face, where they differ
}

func (w *where) patterns(source hub.Source) []string {
	if source == hub.HuggingFace && w.hfFiles != nil {
		return w.hfFiles
	}
	return w.files
}

// local gives the files to read: those that the user names, or those of the hub.
func (o *Options) local(ctx context.Context, w where) ([]string, error) {
	names, patterns := o.Paths, w.patterns(o.Hub.Source)
	if len(names) == 0 {
		name := w.modelscope
		if o.Hub.Source == hub.HuggingFace {
			name = w.huggingface
		}
		if name == "" || o.Hub.Source == hub.Local {
			return nil, errNoFile
		}
		repo, err := hub.Open(name, hub.Dataset, o.Hub)
		if err != nil {
			return nil, err
		}
		return repo.Files(ctx, patterns...)
	}
	var all []string
	for _, name := range names {
		files, err := o.named(ctx, name, patterns)
		if err != nil {
			return nil, err
		}
		all = append(all, files...)
	}
	return all, nil
}

// named gives the files that one name of the user's means: a file, a folder, or a repository with the same files as the
// dataset's own, or else with all that can be read.
func (o *Options) named(ctx context.Context, name string, patterns []string) ([]string, error) {
	info, err := os.Stat(name)
	if name == "-" || err == nil && !info.IsDir() {
		return []string{name}, nil
	}
	repo, err := hub.Open(name, hub.Dataset, o.Hub)
	if err != nil {
		return nil, err
	}
	if repo.Path() != "" {
		return repo.Files(ctx)
	}
	have, err := repo.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range patterns {
		for _, f := range have {
			if ok, _ := filepath.Match(filepath.Base(p), filepath.Base(f)); ok {
				return repo.Files(ctx, patterns...)
			}
		}
	}
	var found []string
	for _, f := range have {
		if tabular.Supported(f) && !strings.HasPrefix(filepath.Base(f), "dataset_info") {
			found = append(found, f)
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%s: no file in it that can be read as rows", name)
	}
	return repo.Files(ctx, found...)
}

// elements returns those of the list that stands in the document r under the path of keys, one in memory at a time.
func elements(r io.Reader, name string, path ...string) iter.Seq2[fileLine, error] {
	return func(yield func(fileLine, error) bool) {
		for v, err := range jsonl.Elements(unmarked(r, 64<<10), path...) {
			l := fileLine{jsonl.Line{N: v.Line, Bytes: v.Bytes}, name, false}
			if err != nil {
				yield(l, fmt.Errorf("%s:%d: %w", name, v.Line, err))
				return
			}
			if l.Bytes, err = valid(v.Bytes); err != nil {
				err = l.wrong(err)
			}
			if !yield(l, err) {
				return
			}
		}
	}
}
