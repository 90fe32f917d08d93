package dataset

import (
	"bytes"
	stdjson "encoding/json"
	"regexp"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/jsonl"
)

// form is the layout of the values in a file.
type form int

const (
	unclear   form = iota // the beginning of the file is not enough to decide
	byLine                // one per line
	byElement             // elements of arrays
	byValue               // consecutive values of one or several lines each
)

// maxHead is the maximum number of bytes that are examined for the layout.
const maxHead = 16 << 20

// layout detects the form of the input by its beginning.
func (in *dataFile) layout() form {
	form := layout(in.head)
	for form == unclear && in.widen() {
		form = layout(in.head)
	}
	if form == unclear {
		return byLine
	}
	return form
}

// bracketed matches prose that begins with a note in brackets, such as [1].
var bracketed = regexp.MustCompile(`^\[[^\[\]{}"\n]*\][ \t]*[^\s\[\],]`)

// layout detects the form of a file by its beginning. An array of messages is one value, not a list of values.
func layout(text []byte) form {
	if jsonl.Spans(text) && text[0] == '{' {
		return byValue
	}
	if len(text) == 0 || text[0] != '[' || bracketed.Match(text) {
		return byLine
	}
	line, _, found := bytes.Cut(text, []byte("\n"))
	first := firstElement(text)
	switch {
	case len(bytes.Trim(text, "[] \t\r\n")) == 0: // empty
		return byElement
	case first == unknown:
		return unclear
	case first == aRow || first == aScalar && !found:
		return byElement
	case json.Valid(line):
		return byLine
	case first == aScalar:
		return byElement
	case !found:
		return unclear
	}
	return byValue
}

// element is the kind of the first element of an array.
type element int

const (
	unknown  element = iota // the text ends too early
	aMessage                // a message of a conversation
	aRow                    // another object, or an array
	aScalar
)

func firstElement(text []byte) element {
	dec := stdjson.NewDecoder(bytes.NewReader(text))
	dec.Token() // the opening bracket
	tok, err := dec.Token()
	switch {
	case err != nil:
		return unknown
	case tok == stdjson.Delim('['):
		return aRow
	case tok != stdjson.Delim('{'):
		return aScalar
	}
	var skip stdjson.RawMessage
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return unknown
		}
		switch key {
		case "role", "from", "human":
			return aMessage
		}
		if dec.Decode(&skip) != nil {
			return unknown
		}
		if key == "lc" || key == "type" && langChainRoles[strings.Trim(string(skip), `"`)] != "" {
			return aMessage
		}
	}
	if _, err = dec.Token(); err != nil {
		return unknown
	}
	return aRow
}
