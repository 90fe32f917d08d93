package dataset

import (
	"bytes"
	stdjson "encoding/json"

	"github.com/goccy/go-json"

	"perfpipe/internal/jsonl"
)

// form is how the values of a file are laid out.
type form int

const (
	unclear   form = iota // more of the file must be seen
	byLine                // one a line
	byElement             // the elements of arrays
	byValue               // one after another, however many lines each takes
)

// mostHead is how much of a file is looked at for its layout.
const mostHead = 16 << 20

// layout finds the form of the input by its beginning.
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

// layout finds the form of a file by its beginning. An array is one value, rather than a list of them, if its elements
// are messages.
func layout(text []byte) form {
	if jsonl.Spans(text) && text[0] == '{' {
		return byValue
	}
	if len(text) == 0 || text[0] != '[' {
		return byLine
	}
	line, _, found := bytes.Cut(text, []byte("\n"))
	first := firstElement(text)
	switch {
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

// element is what the first element of an array is.
type element int

const (
	unknown  element = iota // the text ends before it is told
	aMessage                // of a conversation
	aRow                    // another object, or an array
	aScalar
)

func firstElement(text []byte) element {
	dec := stdjson.NewDecoder(bytes.NewReader(text))
	dec.Token() // the [ that was seen
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
	}
	if _, err = dec.Token(); err != nil {
		return unknown
	}
	return aRow
}
