package dataset

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"strings"

	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/fault"
	"perfpipe/internal/tabular"
)

// entry is one line of a text file, or one value or row of any other file.
type entry struct {
	fileLine
	gjson.Result
}

// entries returns the entries of all files.
func (o *Options) entries(paths []string) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		eachFile(o, paths, yield, func(in *dataFile) bool {
			text := in.plainText()
			read := in.values
			if text {
				read = in.lines
			}
			return read(func(line fileLine, err error) bool {
				v := gjson.Result{Type: gjson.String, Str: string(line.Bytes)}
				if !text || len(line.Bytes) > 0 && line.Bytes[0] == '{' && gjson.ValidBytes(line.Bytes) {
					v = gjson.ParseBytes(line.Bytes)
				}
				return yield(entry{line, v}, err)
			})
		})
	}
}

// plainText reports whether a file contains lines of text rather than JSON or rows, by its name and layout. Lines that
// are JSON strings throughout are JSON.
func (in *dataFile) plainText() bool {
	if in.parquet || tabular.Tabular(in.name) {
		return false
	}
	name := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(in.name), ".gz"), ".zst")
	switch filepath.Ext(name) {
	case ".json", ".jsonl", ".ndjson":
		return false
	}
	return in.layout() == byLine && !in.quoted()
}

// entryKeys are the keys that may hold the text of an entry.
var entryKeys = []string{"text", "input", "sentence", "content"}

// entryText returns the text of an entry: the entry itself, the column that the user names, or the first of entryKeys.
func (o *Options) entryText(v gjson.Result) (string, error) {
	if v.Type == gjson.String {
		return v.Str, nil
	}
	keys := entryKeys
	if o.TextColumn != "" {
		keys = []string{gjson.Escape(o.TextColumn)}
	}
	for _, key := range keys {
		if t := v.Get(key); t.Type == gjson.String && t.Str != "" {
			return t.Str, nil
		}
	}
	switch {
	case !v.IsObject():
		return "", fmt.Errorf("no text: %.40q", v.Raw)
	case o.TextColumn != "":
		return "", fmt.Errorf("no text in %q; there are %s", o.TextColumn, strings.Join(keysOf(v), ", "))
	}
	return "", fault.Of("", "text-column", "no text under %s; there are %s", strings.Join(keys, ", "),
		strings.Join(keysOf(v), ", "))
}

// embeddings reads texts to embed. A batch puts batch_size of them into one request.
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
			defer p.report()
			var texts []string
			for e, err := range o.entries(paths) {
				it, keep := &Item{Place: e.place()}, true
				if err == nil {
					var text string
					if text, err = o.entryText(e.Result); err == nil {
						keep, err = embedding(p, it, text, size, &texts)
					}
					if err != nil {
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

func embedding(p *prompts, it *Item, text string, size int, batch *[]string) (keep bool, err error) {
	if size == 0 {
		return p.put(it, text)
	}
	if keep, err = p.fits(text); err != nil || !keep {
		return p.keep(keep), err
	}
	if *batch = append(*batch, text); len(*batch) < size {
		return false, nil
	}
	it.In = &api.Input{Texts: *batch}
	*batch = nil
	return true, nil
}

// rerank reads queries with documents to rank.
func rerank(ctx context.Context, o *Options) (items, error) {
	paths, err := o.local(ctx, where{})
	if err != nil {
		return nil, err
	}
	return func(yield func(*Item, error) bool) {
		for e, err := range o.entries(paths) {
			var in *api.Input
			if err == nil {
				if in, err = o.ranked(e.Result); err != nil {
					err = e.wrong(err)
				}
			}
			if !yield(&Item{In: in, Place: e.place()}, err) {
				return
			}
		}
	}, nil
}

// ranked reads a query and its documents. In CSV the documents are a JSON array; MS MARCO has them in passage_text.
func (o *Options) ranked(v gjson.Result) (*api.Input, error) {
	in := &api.Input{Query: v.Get("query").String()}
	for _, key := range []string{"documents", "passages", "texts"} {
		list := embedded(v.Get(key))
		if inner := list.Get("passage_text"); list.IsObject() && inner.IsArray() {
			list = inner
		}
		if strings.HasPrefix(list.Str, "[") {
			return nil, fmt.Errorf("%s is neither a list nor the JSON of one: %.40q", key, list.Str)
		}
		for _, d := range list.Array() {
			text, err := o.document(d)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			in.Documents = append(in.Documents, text)
		}
	}
	if in.Query == "" || in.Documents == nil {
		return nil, errNoDocuments
	}
	return in, nil
}

// document returns the text of a document, which may be an object.
func (o *Options) document(d gjson.Result) (string, error) {
	if d.Type == gjson.String {
		return d.Str, nil
	}
	for _, key := range entryKeys {
		if t := d.Get(key); t.Type == gjson.String {
			return t.Str, nil
		}
	}
	return "", fmt.Errorf("no text: %.40s", d.Raw)
}
