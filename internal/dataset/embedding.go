package dataset

import (
	"context"
	"iter"
	"path/filepath"
	"strings"

	"github.com/tidwall/gjson"

	"llmperf/internal/api"
)

// plainText says whether a file is lines of text, rather than of JSON.
func plainText(path string) bool {
	switch name := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(path), ".gz"), ".zst"); filepath.Ext(name) {
	case ".json", ".jsonl", ".ndjson":
		return false
	}
	return true
}

// entry is what stands in a line of a text file, or one value of a JSON file.
type entry struct {
	fileLine
	gjson.Result
}

// entries gives those of all files.
func (o *Options) entries(paths []string) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		for _, path := range paths {
			each := o.objects
			if plainText(path) {
				each = o.lines
			}
			for line, err := range each([]string{path}) {
				v := gjson.Result{Type: gjson.String, Str: string(line.Bytes)}
				if !plainText(path) || len(line.Bytes) > 0 && line.Bytes[0] == '{' && gjson.ValidBytes(line.Bytes) {
					v = gjson.ParseBytes(line.Bytes)
				}
				if !yield(entry{line, v}, err) {
					return
				}
			}
		}
	}
}

// entryText is the text of an entry: itself, or that of the first of the keys that are in use.
func entryText(v gjson.Result) string {
	if v.Type == gjson.String {
		return v.Str
	}
	for _, key := range []string{"text", "input", "sentence", "content"} {
		if t := v.Get(key); t.Type == gjson.String {
			return t.Str
		}
	}
	return ""
}

// embeddings is texts to embed, size at once; 0 is one alone, not in a list.
func embeddings(batch bool) func(context.Context, *Options) (items, error) {
	return func(ctx context.Context, o *Options) (items, error) {
		paths, err := o.local(ctx, where{})
		if err != nil {
			return nil, err
		}
		p, err := newPrompts(o)
		if err != nil {
			return nil, err
		}
		size := 0
		if batch {
			if size, err = o.wholeArg("batch_size", 8); err != nil {
				return nil, err
			}
		}
		return func(yield func(*Item, error) bool) {
			defer p.said()
			var texts []string
			for e, err := range o.entries(paths) {
				it, keep := &Item{}, true
				if err == nil {
					if it, keep, err = embedding(p, entryText(e.Result), size, &texts); err != nil {
						err = e.wrong(err)
					}
				}
				if !pass(yield, it, keep, err) {
					return
				}
			}
			if len(texts) > 0 {
				yield(&Item{In: &api.Input{Texts: texts}}, nil)
			}
		}, nil
	}
}

func embedding(p *prompts, text string, size int, batch *[]string) (it *Item, keep bool, err error) {
	it = &Item{}
	if text == "" {
		return it, true, errNoText
	}
	if size == 0 {
		keep, err = p.put(it, text)
		return it, keep, err
	}
	if keep, err = p.fits(text); err != nil || !keep {
		return it, p.keep(keep), err
	}
	if *batch = append(*batch, text); len(*batch) < size {
		return it, false, nil
	}
	it.In = &api.Input{Texts: *batch}
	*batch = nil
	return it, true, nil
}

// rerank is queries with documents to be ranked.
func rerank(ctx context.Context, o *Options) (items, error) {
	paths, err := o.local(ctx, where{})
	if err != nil {
		return nil, err
	}
	return func(yield func(*Item, error) bool) {
		for e, err := range o.entries(paths) {
			in := api.Input{Query: e.Get("query").String()}
			for _, key := range []string{"documents", "passages", "texts"} {
				for _, d := range e.Get(key).Array() {
					text := d.Str
					if d.IsObject() {
						text = entryText(d)
					}
					in.Documents = append(in.Documents, text)
				}
			}
			if err == nil && (in.Query == "" || in.Documents == nil) {
				err = e.wrong(errNoDocuments)
			}
			if !yield(&Item{In: &in}, err) {
				return
			}
		}
	}, nil
}
