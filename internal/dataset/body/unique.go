package body

import (
	"strconv"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"perfpipe/internal/dataset/synth"
)

// uniqueWords is the number of words of a unique prefix: more than 10²⁷ combinations.
const uniqueWords = 8

// unique appends the unique prefix of text k of request i.
func (s *Shape) unique(dst []byte, i int64, k ...uint64) []byte {
	// never fails: o200k's words are proven
	dst, _ = s.words.Append(dst, nil, synth.NewRand(append([]uint64{s.Seed, drawUnique, uint64(i)}, k...)...),
		uniqueWords)
	return dst
}

// prepend inserts the unique prefix of request i before the first text of a body: of its first message, prompt, input
// or query. Each text of a list, such as those to embed, gets words of its own.
func (s *Shape) prepend(body json.RawMessage, i int64) (json.RawMessage, error) {
	for _, path := range []string{"messages.0.content", "prompt", "input", "input.0.content", "inputs", "text", "query"} {
		v, err, found := gjson.GetBytes(body, path), error(nil), false
		put := func(path string, v gjson.Result, k ...uint64) {
			words := append(s.unique([]byte{'"'}, i, k...), ' ')
			body, err = sjson.SetRawBytes(body, path, append(words, v.Raw[1:]...))
			found = true
		}
		if v.Type == gjson.String {
			put(path, v)
		}
		for k, part := range v.Array() {
			if at := path + "." + strconv.Itoa(k); !v.IsArray() || err != nil {
				break
			} else if text := part.Get("text"); text.Type == gjson.String {
				put(at+".text", text)
				break
			} else if part.Type == gjson.String {
				put(at, part, uint64(k))
			}
		}
		if found {
			return body, err
		}
	}
	s.once("requests without a text have no unique prefix")
	return body, nil
}
