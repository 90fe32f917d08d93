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

// where names the default files of a dataset at the hubs.
type where struct {
	modelscope  string // repository; "" if the hub does not have it
	huggingface string
	files       []string // names or patterns within the repository
	hfFiles     []string // the same at Hugging Face; nil if they do not differ
}

func (w *where) patterns(source hub.Source) []string {
	if source == hub.HuggingFace && w.hfFiles != nil {
		return w.hfFiles
	}
	return w.files
}

// local returns the files to read: those that the user names, or those of the hub.
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

// named returns the files that a name refers to: a file, all readable files of a folder, or those of a repository that
// match the dataset's own names, or all readable ones if none does.
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
	var found, other []string
	for _, f := range have {
		switch base := filepath.Base(f); {
		case strings.HasPrefix(base, "dataset_info") || strings.HasPrefix(base, ".") || strings.EqualFold(base, "README.md"):
		case tabular.Supported(f):
			found = append(found, f)
		default:
			other = append(other, f)
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%s: no file in it that can be read as rows", name)
	}
	if other != nil && info != nil { // a repository has files of other purposes
		o.say("%s: files that are not read, since their names are not those of rows: %s", name, strings.Join(other, ", "))
	}
	return repo.Files(ctx, found...)
}

// elements returns the elements of the array at the path of keys in the document r, one in memory at a time.
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
