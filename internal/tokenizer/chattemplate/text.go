package chattemplate

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ardanlabs/jinja"
)

// The functions that create texts account for the bytes before they create them.

func (b *bounds) replace(args []jinja.Value, options map[string]jinja.Value) (jinja.Value, error) {
	count := -1
	if c, ok := options["count"]; ok && len(args) == 3 {
		args = append(args, c)
	}
	if len(args) == 4 {
		n, ok := wholeNumber(args[3])
		if !ok && !args[3].IsNone() {
			return jinja.Undefined(), errors.New("replace takes a number of times")
		}
		if ok {
			count = int(n)
		}
	}
	if len(args) < 3 {
		return jinja.Undefined(), errors.New("replace takes two texts")
	}
	text, old, with := show(args[0]), show(args[1]), show(args[2])
	n := strings.Count(text, old)
	if count >= 0 {
		n = min(n, count)
	}
	if err := b.made(int64(len(text)) + int64(n)*int64(len(with))); err != nil {
		return jinja.Undefined(), err
	}
	return jinja.NewString(strings.Replace(text, old, with, count)), nil
}

func (b *bounds) join(args []jinja.Value, options map[string]jinja.Value) (jinja.Value, error) {
	separator := ""
	if len(args) > 1 {
		separator = show(args[1])
	} else if d, ok := options["d"]; ok {
		separator = show(d)
	}
	list, err := listOf(args, nil)
	if err != nil {
		return list, err
	}
	attribute, by := options["attribute"]
	size, parts := int64(0), make([]string, list.AsList().Len())
	for i, item := range list.AsList().Items {
		if by && item.IsDict() {
			item, _ = item.AsDict().Get(show(attribute))
		}
		parts[i] = show(item)
		if size += int64(len(parts[i]) + len(separator)); size > b.text {
			break
		}
	}
	if err := b.made(size); err != nil {
		return jinja.Undefined(), err
	}
	return jinja.NewString(strings.Join(parts, separator)), nil
}

// indent is the filter: it indents every line except the first and blank ones, unless they are requested.
func (b *bounds) indent(args []jinja.Value, options map[string]jinja.Value) (jinja.Value, error) {
	get := func(i int, name string) jinja.Value {
		if i < len(args) {
			return args[i]
		}
		return options[name]
	}
	by := "    "
	switch width := get(1, "width"); {
	case width.IsInt():
		if err := b.made(width.AsInt()); err != nil {
			return jinja.Undefined(), err
		}
		by = strings.Repeat(" ", int(width.AsInt()))
	case width.IsString():
		by = width.AsString()
	}
	first, blank := get(2, "first").IsTruthy(), get(3, "blank").IsTruthy()
	lines := strings.Split(show(one(args)), "\n")
	if err := b.made(int64(len(lines)) * int64(len(by)+1)); err != nil {
		return jinja.Undefined(), err
	}
	for i := range lines {
		if (i > 0 || first) && (blank || lines[i] != "") {
			lines[i] = by + lines[i]
		}
	}
	return jinja.NewString(strings.Join(lines, "\n")), nil
}

// percent is Python's text % values.
func (b *bounds) percent(args []jinja.Value, options map[string]jinja.Value) (jinja.Value, error) {
	if len(args) == 0 || !args[0].IsString() || len(options) > 0 {
		return jinja.Undefined(), errors.New("format takes a text and values")
	}
	var out strings.Builder
	layout, values := args[0].AsString(), args[1:]
	for {
		text, rest, found := strings.Cut(layout, "%")
		out.WriteString(text)
		if !found {
			break
		}
		if rest == "" {
			return jinja.Undefined(), errors.New("a format ends in %")
		}
		layout = rest[1:]
		if rest[0] == '%' {
			out.WriteByte('%')
			continue
		}
		if len(values) == 0 {
			return jinja.Undefined(), errors.New("a format has more places than values")
		}
		v := values[0]
		values = values[1:]
		number, whole := wholeNumber(v)
		switch {
		case rest[0] == 's':
			out.WriteString(show(v))
		case rest[0] == 'r':
			out.WriteString(repr(v))
		case rest[0] == 'd' && whole:
			out.WriteString(strconv.FormatInt(number, 10))
		case rest[0] == 'f' && v.IsFloat():
			out.WriteString(strconv.FormatFloat(v.AsFloat(), 'f', 6, 64))
		default:
			return jinja.Undefined(), fmt.Errorf("the format %%%c of %s is not understood", rest[0], kindOf(v))
		}
		if int64(out.Len()) > b.text {
			break
		}
	}
	if len(values) > 0 {
		return jinja.Undefined(), errors.New("a format has fewer places than values")
	}
	return jinja.NewString(out.String()), b.made(int64(out.Len()))
}

// braces is Python's text.format(values).
func (b *bounds) braces(args []jinja.Value, options map[string]jinja.Value) (jinja.Value, error) {
	if len(args) == 0 || !args[0].IsString() {
		return jinja.Undefined(), errors.New("format is a method of texts")
	}
	var out strings.Builder
	layout, next := args[0].AsString(), 1
	for layout != "" {
		at := strings.IndexAny(layout, "{}")
		if at < 0 {
			out.WriteString(layout)
			break
		}
		out.WriteString(layout[:at])
		if doubled := layout[at : at+1]; strings.HasPrefix(layout[at+1:], doubled) {
			out.WriteString(doubled)
			layout = layout[at+2:]
			continue
		}
		field, rest, closed := strings.Cut(layout[at+1:], "}")
		if layout[at] == '}' || !closed {
			return jinja.Undefined(), errors.New("a format has a single brace")
		}
		layout = rest
		v, ok := options[field]
		if n, err := strconv.Atoi(field); err == nil || field == "" {
			if field == "" {
				n = next - 1
				next++
			}
			if ok = n >= 0 && n+1 < len(args); ok {
				v = args[n+1]
			}
		}
		if !ok {
			return jinja.Undefined(), fmt.Errorf("the format {%s} is not understood", field)
		}
		if out.WriteString(show(v)); int64(out.Len()) > b.text {
			break
		}
	}
	return jinja.NewString(out.String()), b.made(int64(out.Len()))
}
