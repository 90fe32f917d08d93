package body

import (
	"strconv"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// prepend inserts words before the first text of a body: its first message, prompt or input.
func prepend(body json.RawMessage, words []byte) (json.RawMessage, error) {
	for _, path := range []string{"messages.0.content", "prompt", "input", "input.0.content"} {
		v := gjson.GetBytes(body, path)
		for k, part := range v.Array() {
			if v.IsArray() && part.Get("text").Type == gjson.String {
				path, v = path+"."+strconv.Itoa(k)+".text", part.Get("text")
				break
			}
		}
		if v.Type == gjson.String {
			text := append(append([]byte{'"'}, words...), ' ')
			return sjson.SetRawBytes(body, path, append(text, v.Raw[1:]...))
		}
	}
	return body, nil
}
