package dataset

import (
	"regexp"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/fastjson"
)

// looksLiteLLM detects rows of LiteLLM's spend logs, and the standard payload of its callbacks.
func looksLiteLLM(s *sample) bool {
	return s.has("call_type", "startTime") || s.has("call_type", "model", "messages") ||
		s.has("startTime", "model_parameters", "messages")
}

// otherCall matches types of calls that do not generate text, embed or rank.
var otherCall = regexp.MustCompile(`image|speech|transcription|moderation|audio|video|file|batch|fine_tun|assistant|` +
	`thread|vector_store|ocr|search|realtime|mcp_tool`)

// litellmLine converts the request of a LiteLLM log. It ignores the rest: the owner of the key, the copy of the
// request with its headers, and the answer.
func litellmLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	if otherCall.MatchString(v.Get("call_type").Str) {
		t.skip(noCall)
		return false, nil
	}
	body, ok := litellmBody(v)
	if !ok {
		t.skip(notLogged)
		return false, nil
	}
	var err error
	if it.Body, err = t.clean(body); err != nil {
		return true, err
	}
	it.Bare = true
	if it.Line.ID = v.Get("request_id").String(); it.Line.ID == "" {
		it.Line.ID = v.Get("id").String()
	}
	ms, err := timeMs(v.Get("startTime"))
	if err != nil {
		return true, err
	}
	t.at(it, ms)
	return true, nil
}

// litellmBody returns the body that the proxy received, if it was logged; otherwise it assembles one.
func litellmBody(v gjson.Result) (body []byte, ok bool) {
	for _, path := range []string{"proxy_server_request", "metadata.proxy_server_request"} {
		seen := embedded(v.Get(path))
		for _, b := range []gjson.Result{embedded(seen.Get("body")), seen} {
			if b.IsObject() && wasSent(b) && !redacted(b.Raw) {
				return []byte(b.Get("@ugly").Raw), true
			}
		}
	}
	key, prompt := litellmPrompt(v)
	if key == "" || redacted(prompt) {
		return nil, false
	}
	body = []byte{'{'}
	if model := v.Get("model").Str; model != "" {
		body = append(fastjson.AppendString(append(body, `"model":`...), model), ',')
	}
	body = append(fastjson.AppendString(body, key), ':')
	body = append(body, prompt...)
	params := embedded(v.Get("model_parameters"))
	add := func(key, value gjson.Result) bool {
		if key.Str != "model" && key.Str != "messages" && key.Str != "extra_body" && value.Type != gjson.Null {
			body = append(append(append(append(body, ','), key.Raw...), ':'), value.Get("@ugly").Raw...)
		}
		return true
	}
	params.ForEach(add)
	params.Get("extra_body").ForEach(func(key, value gjson.Result) bool { // it was merged into the body
		return params.Get(gjson.Escape(key.Str)).Exists() || add(key, value)
	})
	if v.Get("stream").IsBool() && !params.Get("stream").Exists() {
		body = append(append(body, `,"stream":`...), v.Get("stream").Raw...)
	}
	body = append(body, '}')
	return body, wasSent(gjson.ParseBytes(body))
}

// litellmPrompt returns the prompt as JSON and its key in a body.
func litellmPrompt(v gjson.Result) (key, raw string) {
	asked := embedded(v.Get("messages"))
	if !asked.Exists() || asked.IsObject() {
		asked = embedded(v.Get("input"))
	}
	text := asked.Type == gjson.String
	if text && asked.Str == "" || !text && !asked.IsArray() || asked.IsArray() && len(asked.Array()) == 0 {
		return "", ""
	}
	switch call := v.Get("call_type").Str; {
	case strings.Contains(call, "embedding"):
		key = "input"
	case strings.Contains(call, "text_completion"):
		key = "prompt"
		if asked.Get("0.role").Exists() { // the text as a message
			asked = asked.Get("0.content")
		}
	case strings.Contains(call, "rerank"): // the documents are missing
		return "", ""
	case strings.Contains(call, "responses"):
		key = "input"
	case text:
		one, _ := json.MarshalWithOption([]map[string]string{{"role": "user", "content": asked.Str}},
			json.DisableHTMLEscape())
		return "messages", string(one)
	default:
		key = "messages"
	}
	return key, asked.Get("@ugly").Raw
}

// redacted reports whether LiteLLM replaced the prompt.
func redacted(raw string) bool { return strings.Contains(raw, `"redacted-by-litellm"`) }
