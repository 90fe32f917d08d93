package jsonl

import (
	"bytes"

	"github.com/goccy/go-json"
)

// Object returns the JSON object of n members in order. It leaves the escaping of HTML to the encoder that calls a
// MarshalJSON made of it.
func Object(n int, member func(i int) (key string, value any)) ([]byte, error) {
	b := bytes.NewBufferString("{")
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		key, value := member(i)
		if err := enc.Encode(key); err != nil {
			return nil, err
		}
		b.Truncate(b.Len() - 1) // the line end
		b.WriteByte(':')
		if err := enc.Encode(value); err != nil {
			return nil, err
		}
		b.Truncate(b.Len() - 1)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
