package dataset

import (
	"context"
	"strings"
	"unicode/utf8"

	"perfpipe/internal/fault"
)

// column reads one column of a hub's dataset, such as openqa's question, without the white space around it, as
// evalscope does.
func column(w where, name string) func(context.Context, *Options) (items, error) {
	return func(ctx context.Context, o *Options) (items, error) {
		return columnOf(ctx, o, w, name, "", strings.TrimSpace)
	}
}

// textColumn reads the column that the user names, of any file.
func textColumn(ctx context.Context, o *Options) (items, error) {
	name := o.TextColumn
	if name == "" {
		name = "text"
	}
	return columnOf(ctx, o, where{}, name, "text-column", func(text string) string { return text })
}

// columnOf reads a column, whose text it cleans. The error of a row without text has the reason.
func columnOf(ctx context.Context, o *Options, w where, name, reason string, clean func(string) string) (items, error) {
	paths, err := o.local(ctx, w)
	if err != nil {
		return nil, err
	}
	p, err := newPrompts(o)
	if err != nil {
		return nil, err
	}
	return func(yield func(*Item, error) bool) {
		defer p.report()
		var it Item
		for row, err := range o.rows(paths, name) {
			it = Item{Text: it.Text[:0]}
			keep := true
			if err == nil {
				it.Place = row.place()
				text := clean(row.text(name))
				switch {
				case strings.TrimSpace(text) == "":
					err = row.wrong("%w", fault.Of("", reason, "no text in %q, which is %s", name, row.kind(name)))
				case !row.Line && !utf8.ValidString(text): // Parquet may contain any bytes; lines were checked
					err = row.wrong("%q is not in UTF-8: %.40q", name, text)
				default:
					keep, err = p.put(&it, text)
				}
			}
			if !pass(yield, &it, keep, err) {
				return
			}
		}
	}, nil
}
