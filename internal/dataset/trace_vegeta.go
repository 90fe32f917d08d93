package dataset

import (
	"encoding/base64"
	"fmt"

	"github.com/tidwall/gjson"
)

// looksVegeta detects targets of vegeta, which have the body in base64.
func looksVegeta(s *sample) bool {
	return s.has("method", "url") && !s.has("custom_id") && !isEnvelope(s.objects[0])
}

func vegetaLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	body, err := base64.StdEncoding.DecodeString(v.Get("body").Str)
	if err != nil {
		return true, fmt.Errorf("body: %w", err)
	}
	v.Get("header").ForEach(func(name, values gjson.Result) bool {
		for _, value := range values.Array() {
			t.header(it, name.Str, value.String())
		}
		return true
	})
	return t.captured(it, v.Get("method").Str, v.Get("url").Str, string(body))
}
