package chattemplate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// The library differs from Jinja, as Hugging Face's libraries configure it, in white space around blocks (trim_blocks
// and lstrip_blocks), in how it prints None and floats, and in tojson with indent. So a template is rewritten before
// it is compiled: text becomes string literals without the white space that Jinja removes; {{ x }} becomes {{ show_(x)
// }}; and x|tojson(…), x|trim, x|string and x|map('upper') become calls of this package's functions.

// tag is a part of a template: text, or the content of delimiters.
type tag struct {
	open        string // "", "{{", "{%" or "{#"
	text        string
	left, right byte // '-' or '+' at the begin and end
}

var (
	tagOpens = regexp.MustCompile(`\{[{%#]`)
	rawEnds  = regexp.MustCompile(`\{%[-+]?\s*endraw\s*[-+]?%\}`)
)

// scanTags splits a template into its tags.
func scanTags(source string) ([]tag, error) {
	source = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(source)
	source = strings.TrimSuffix(source, "\n")
	var tags []tag
	for source != "" {
		start := tagOpens.FindStringIndex(source)
		if start == nil {
			return append(tags, tag{text: source}), nil
		}
		if start[0] > 0 {
			tags = append(tags, tag{text: source[:start[0]]})
		}
		t := tag{open: source[start[0]:start[1]]}
		source = source[start[1]:]
		end := closing(source, t.open)
		if end < 0 {
			return nil, fmt.Errorf("a %s is not closed", t.open)
		}
		t.text, source = source[:end], source[end+2:]
		if t.text != "" && (t.text[0] == '-' || t.text[0] == '+') {
			t.left, t.text = t.text[0], t.text[1:]
		}
		if n := len(t.text); n > 0 && (t.text[n-1] == '-' || t.text[n-1] == '+' && t.open != "{{") {
			t.right, t.text = t.text[n-1], t.text[:n-1]
		}
		tags = append(tags, t)
		if t.open == "{%" && strings.TrimSpace(t.text) == "raw" {
			loc := rawEnds.FindStringIndex(source)
			if loc == nil {
				return nil, fmt.Errorf("a raw block is not closed")
			}
			tags = append(tags, tag{text: source[:loc[0]]})
			source = source[loc[0]:]
		}
	}
	return tags, nil
}

// closing returns the end of a tag, ignoring strings and brackets.
func closing(s, open string) int {
	end := map[string]string{"{{": "}}", "{%": "%}", "{#": "#}"}[open]
	if open == "{#" {
		return strings.Index(s, end)
	}
	depth := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case depth == 0 && strings.HasPrefix(s[i:], end):
			return i
		case c == '"' || c == '\'':
			for i++; i < len(s) && s[i] != c; i++ {
				if s[i] == '\\' {
					i++
				}
			}
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth = max(depth-1, 0)
		}
	}
	return -1
}

// trimText removes the white space that the neighbours before and after remove (nil: none).
func trimText(text string, before, after *tag) string {
	lineStart := before == nil
	if before != nil {
		switch {
		case before.right == '-':
			trimmed := strings.TrimLeftFunc(text, unicode.IsSpace)
			lineStart = strings.HasSuffix(text[:len(text)-len(trimmed)], "\n")
			text = trimmed
		case before.right == 0 && before.open != "{{":
			if rest, ok := strings.CutPrefix(text, "\n"); ok {
				text, lineStart = rest, true
			}
		}
	}
	if after == nil || after.left == '+' {
		return text
	}
	if after.left == '-' {
		return strings.TrimRightFunc(text, unicode.IsSpace)
	}
	if line := strings.LastIndexByte(text, '\n') + 1; after.open != "{{" && (line > 0 || lineStart) &&
		strings.TrimSpace(text[line:]) == "" {
		text = text[:line]
	}
	return text
}

// rewriter writes the template that the library compiles.
type rewriter struct {
	strings.Builder
	within int // open loops and macros, whose literal text counts towards the bounds
}

// rewrite returns the template to compile in the place of source.
func rewrite(source string) (string, error) {
	tags, err := scanTags(source)
	if err != nil {
		return "", err
	}
	var w rewriter
	for i := range tags {
		t := &tags[i]
		if t.open != "" && t.open != "{#" && len(lexeme.FindAllStringIndex(t.text, maxParts+1)) > maxParts {
			return "", fmt.Errorf("an expression of more than %d parts", maxParts)
		}
		switch t.open {
		case "":
			var before, after *tag
			if i > 0 {
				before = &tags[i-1]
			}
			if i+1 < len(tags) {
				after = &tags[i+1]
			}
			w.literal(trimText(t.text, before, after))
		case "{{":
			w.WriteString("{{ show_(" + rewriteFilters(t.text) + ") }}")
		case "{%":
			if err := w.statement(rewriteSet(rewriteFilters(t.text))); err != nil {
				return "", err
			}
		}
	}
	return w.String(), nil
}

func (w *rewriter) literal(text string) {
	if text == "" {
		return
	}
	literal := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
	if w.within > 0 {
		literal = "show_(" + literal + ")"
	}
	w.WriteString("{{ " + literal + " }}")
}

// statement writes the content of {% %}, and the calls that count loops and macros.
func (w *rewriter) statement(inner string) error {
	switch strings.TrimSpace(inner) {
	case "raw", "endraw":
		return nil
	case "generation": // marks the text that the model generates, for training
		inner = " if true "
	case "endgeneration":
		inner = " endif "
	}
	word, rest, _ := strings.Cut(strings.TrimSpace(inner), " ")
	if word == "macro" && strings.ContainsAny(rest, "*~") {
		return fmt.Errorf("the defaults of {%% macro %s %%} are not understood", strings.TrimSpace(rest))
	}
	if word == "endmacro" {
		w.WriteString("{{ leave_() }}")
	}
	w.WriteString("{%" + inner + "%}")
	switch word {
	case "for":
		w.within++
		w.WriteString("{{ step_() }}")
	case "macro":
		w.within++
		w.WriteString("{{ enter_() }}")
	case "endfor", "endmacro":
		w.within--
	}
	return nil
}

// lexeme matches the tokens of an expression: strings, names, numbers, other characters.
var lexeme = regexp.MustCompile(`"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'|` +
	`[\pL_][\pL\pN_]*|[0-9][0-9.]*|\s+|[=!<>]=|//|\*\*|[\s\S]`)

// operandEnds matches the beginning of a token that can be called or indexed.
var operandEnds = regexp.MustCompile(`^[\pL\pN_"')\]]`)

// rewriteFilters replaces some filters by calls of our functions.
func rewriteFilters(expr string) string {
	parts := lexeme.FindAllString(expr, -1)
	parts = slices.DeleteFunc(parts, func(s string) bool { return strings.TrimSpace(s) == "" })
	for i := 0; i+1 < len(parts); i++ {
		if parts[i] != "|" || parts[i+1] == "|" {
			continue
		}
		var args []string
		end := i + 2
		if end < len(parts) && parts[end] == "(" {
			close := matching(parts, end, +1)
			args, end = slices.Clone(parts[end+1:close]), close+1
		}
		switch parts[i+1] {
		case "map", "tojson", "trim", "string", "replace", "join", "indent", "list", "format":
			if parts[i+1] == "map" && (len(args) == 0 || args[0][0] != '"' && args[0][0] != '\'') {
				continue // map(attribute=…)
			}
			begin := operand(parts, i-1)
			call := []string{parts[i+1] + "_", "("}
			call = append(call, parts[begin:i]...)
			if len(args) > 0 {
				call = append(append(call, ","), args...)
			}
			parts = slices.Replace(parts, begin, min(end, len(parts)), append(call, ")")...)
			i = begin
		}
	}
	// the defaults of a macro cannot contain calls
	if parts = rewriteMethods(parts); len(parts) > 0 && parts[0] != "macro" {
		parts = rewriteOperators(parts)
	}
	return strings.ReplaceAll(" "+strings.Join(parts, " ")+" ", " . ", ".")
}

// methods are the methods that a rewritten template calls as functions.
var methods = map[string]string{"replace": "replace_", "format": "braces_", "join": "joined_", "append": "change_",
	"insert": "change_", "update": "change_",
	"pop": "change_"}

// rewriteMethods replaces x.replace(…) by replace_(x, …), and other methods likewise.
func rewriteMethods(parts []string) []string {
	for i := 1; i+2 < len(parts); i++ {
		name, ok := methods[parts[i+1]]
		if !ok || parts[i] != "." || parts[i+2] != "(" {
			continue
		}
		begin, close := operand(parts, i-1), matching(parts, i+2, +1)
		call := append([]string{name, "("}, parts[begin:i]...)
		if close > i+3 {
			call = append(append(call, ","), parts[i+3:close]...)
		}
		parts = slices.Replace(parts, begin, close+1, append(call, ")")...)
		i = begin + 1
	}
	return parts
}

// rewriteSet adds a check of the value of {% set x = … %}.
func rewriteSet(inner string) string {
	if !strings.HasPrefix(strings.TrimSpace(inner), "set ") {
		return inner
	}
	name, value, found := strings.Cut(inner, "=")
	if !found {
		return inner
	}
	return name + "= checked_(" + value + ") "
}

// matching returns the bracket that matches the one at i, to the right or left, or the last token if it is missing.
func matching(parts []string, i, step int) int {
	depth := 0
	for ; i >= 0 && i < len(parts); i += step {
		switch parts[i] {
		case "(", "[", "{":
			depth += step
		case ")", "]", "}":
			depth -= step
		}
		if depth == 0 {
			return i
		}
	}
	return min(max(i, 0), len(parts)-1)
}

// operand returns the beginning of the operand that ends at i: a name, literal or bracket with all its calls, items,
// attributes and filters.
func operand(parts []string, i int) int {
	for i > 0 {
		if strings.Contains(")]}", parts[i]) {
			i = matching(parts, i, -1)
			if i > 0 && parts[i] != "{" && !slices.Contains(keywords, parts[i-1]) && operandEnds.MatchString(parts[i-1]) {
				i-- // what is called or indexed
				continue
			}
		}
		if i > 1 && (parts[i-1] == "." || parts[i-1] == "|") {
			i -= 2
			continue
		}
		break
	}
	return max(i, 0)
}
