package dataset

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/fastjson"
)

// sglangKeys are the members of the requests in SGLang's log that are sent. The others are the server's own.
var sglangKeys = []string{"text", "input_ids", "image_data", "sampling_params", "stream", "return_logprob",
	"logprob_start_len", "top_logprobs_num", "token_ids_logprob", "lora_path"}

// sglangCut is the number of characters and of tokens to which SGLang cuts prompts in its log at level 2.
const sglangCut = 2048

// sglangLine converts a line of SGLang's log of requests in JSON. The line of the end of a request repeats it.
func sglangLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	if v.Get("event").Str != "request.received" {
		return false, nil
	}
	obj := v.Get("obj")
	text, ids := obj.Get("text"), obj.Get("input_ids")
	switch {
	case text.Type == gjson.Null && ids.Type == gjson.Null:
		t.skip(notLogged)
		return false, nil
	case obj.Get("is_cross_encoder_request").Exists():
		t.skip(noCall)
		return false, nil
	case wasCut(text), wasCut(ids):
		t.skip("its prompt was cut to 2,048 characters, as SGLang does below level 3 of its log")
		return false, nil
	}
	body := []byte{'{'}
	obj.ForEach(func(key, x gjson.Result) bool {
		if x.Type == gjson.Null || x.Type == gjson.False || !slices.Contains(sglangKeys, key.Str) {
			return true
		}
		if len(body) > 1 {
			body = append(body, ',')
		}
		body = append(append(fastjson.AppendString(body, key.Str), ':'), x.Get("@ugly").Raw...)
		return true
	})
	it.Body, it.Bare = append(body, '}'), true
	d, _ := api.ForInput("sglang", api.Input{})
	it.Line.URL, it.Line.ID = d.Path, v.Get("rid").String()
	ms, err := timeMs(v.Get("timestamp"))
	if err != nil {
		return true, fmt.Errorf("timestamp: %w", err)
	}
	t.at(it, ms)
	return true, nil
}

// wasCut reports whether the middle of a text, or of token ids, was replaced by dots.
func wasCut(v gjson.Result) bool {
	if v.IsArray() {
		return v.Get(fmt.Sprint(sglangCut/2)).Str == "..."
	}
	return utf8.RuneCountInString(v.Str) == sglangCut+3 && strings.HasPrefix(string([]rune(v.Str)[sglangCut/2:]), "...")
}
