package request

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"slices"

	"github.com/goccy/go-json"
)

// Object is a JSON object that keeps the order of its keys and the text of its values, so that a body that is touched
// in one place is the same everywhere else.
type Object []Field

// Field is one key of an Object.
type Field struct {
	Key   string
	Value json.RawMessage
}

// ParseObject reads an object. The values are parts of text, not copies.
func ParseObject(text []byte) (Object, error) {
	if text = bytes.TrimSpace(text); len(text) == 0 || text[0] != '{' {
		return nil, fmt.Errorf("not a JSON object: %.40q", text)
	}
	if !stdjson.Valid(text) { // the library's Valid builds every value
		return nil, invalid(text)
	}
	var o Object
	for i := skipSpace(text, 1); text[i] != '}'; {
		end := skipValue(text, i)
		var f Field
		if err := json.Unmarshal(text[i:end], &f.Key); err != nil {
			return nil, fmt.Errorf("not valid JSON: %w", err)
		}
		i = skipSpace(text, skipSpace(text, end)+1) // the colon
		end = skipValue(text, i)
		f.Value = text[i:end:end]
		o = append(o, f)
		if i = skipSpace(text, end); text[i] == ',' {
			i = skipSpace(text, i+1)
		}
	}
	return o, nil
}

// skipSpace and skipValue give the index behind white space and behind one value of valid JSON.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

func skipValue(b []byte, i int) int {
	for depth := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = skipString(b, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 { // behind a number or a word
				return i
			}
			depth--
		case ',', ':', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return i
			}
			continue
		default: // within a number or a word
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(b)
}

func skipString(b []byte, i int) int {
	for i++; ; {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return len(b)
		}
		i += n + 1
		slashes := 0
		for b[i-2-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
	}
}

// Get gives the value of key, nil where there is none. The last of several counts, as everywhere in JSON.
func (o Object) Get(key string) json.RawMessage {
	for _, f := range slices.Backward(o) {
		if f.Key == key {
			return f.Value
		}
	}
	return nil
}

// Set gives key a value, in its old place or at the end.
func (o *Object) Set(key string, value json.RawMessage) {
	found := false
	for i := range *o {
		if (*o)[i].Key == key {
			(*o)[i].Value, found = value, true
		}
	}
	if !found {
		*o = append(*o, Field{key, value})
	}
}

// Delete takes key away.
func (o *Object) Delete(key string) {
	*o = slices.DeleteFunc(*o, func(f Field) bool { return f.Key == key })
}

// Append writes the object to dst, on one line.
func (o Object) Append(dst []byte) []byte {
	dst = append(dst, '{')
	for i, f := range o {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, f.Key)
		dst = append(dst, ':')
		dst = appendOneLine(dst, f.Value)
	}
	return append(dst, '}')
}

// MarshalJSON is Append.
func (o Object) MarshalJSON() ([]byte, error) { return o.Append(nil), nil }

// UnmarshalJSON is ParseObject of a copy.
func (o *Object) UnmarshalJSON(text []byte) (err error) {
	*o, err = ParseObject(bytes.Clone(text))
	return err
}

// appendOneLine turns the line ends of valid JSON, which stand between its tokens only, into spaces.
func appendOneLine(dst []byte, value []byte) []byte {
	n := len(dst)
	dst = append(dst, value...)
	for i := n; ; i++ {
		k := bytes.IndexAny(dst[i:], "\n\r")
		if k < 0 {
			return dst
		}
		i += k
		dst[i] = ' '
	}
}

// AppendString writes s as a JSON string. Bytes that are no UTF-8 become U+FFFD.
func AppendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	dst = AppendEscaped(dst, s)
	return append(dst, '"')
}

// Append writes the line to dst, without a line feed: the body alone where it says it all.
func (r *Request) Append(dst []byte) ([]byte, error) {
	if r.bare() {
		return append(dst, r.Body...), nil
	}
	type envelope Request
	b, err := json.MarshalWithOption((*envelope)(r), json.DisableHTMLEscape())
	if err != nil {
		return dst, err
	}
	return append(dst, b...), nil
}

func (r *Request) bare() bool {
	return r.Body != nil && r.ID == "" && r.Method == "" && r.URL == "" && r.Headers == nil && r.AtMs == nil && r.Labels == nil
}
