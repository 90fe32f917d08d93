package api

import (
	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// probeText is the prompt of test requests, which is none of the load, so that no cache of the server is warmed.
const probeText = "hello"

// notForProbes are keys that a short answer cannot satisfy, or that are needless cost.
var notForProbes = []string{
	"min_tokens", "tools", "tool_choice", "functions", "function_call", "response_format", "thinking",
	"structured_outputs", "guided_json", "guided_regex", "guided_choice", "guided_grammar",
}

// Probe returns a test request: a body like the given one, but with a short prompt and for one token or item. It checks
// endpoint, key and model at little cost. It is nil if d has none.
func (d *Dialect) Probe(body json.RawMessage) (json.RawMessage, error) {
	if d.probe == nil {
		return nil, nil
	}
	var err error
	for _, key := range notForProbes {
		if err == nil && gjson.GetBytes(body, key).Exists() {
			body, err = sjson.DeleteBytes(body, key)
		}
	}
	for _, p := range d.probe(body) {
		switch {
		case err != nil:
		case p.value == nil:
			body, err = sjson.DeleteBytes(body, p.path)
		default:
			body, err = sjson.SetRawBytes(body, p.path, p.value)
		}
	}
	return body, err
}

// probing returns a probe that makes the same changes in every body: pairs of a path and a value, or nil to delete it.
func probing(pairs ...any) func(json.RawMessage) []place {
	var list []place
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, place{pairs[i].(string), probeValue(pairs[i+1])})
	}
	return func(json.RawMessage) []place { return list }
}

func probeValue(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	return raw(v)
}

var probeMessages = []map[string]string{{"role": "user", "content": probeText}}

// probeChat limits the answer with the key that the body has.
func probeChat(body json.RawMessage) []place {
	limit := "max_tokens"
	if gjson.GetBytes(body, "max_completion_tokens").Exists() {
		limit = "max_completion_tokens"
	}
	if gjson.GetBytes(body, "messages").Exists() {
		return []place{{"messages", raw(probeMessages)}, {limit, raw(1)}}
	}
	return []place{{"prompt", raw(probeText)}, {limit, raw(1)}}
}

// probeItems returns a probe that replaces the texts at those paths that the body has. A list becomes one of a single
// text, which is in an object if the list's elements are.
func probeItems(paths ...string) func(json.RawMessage) []place {
	return func(body json.RawMessage) (list []place) {
		for _, path := range paths {
			v := gjson.GetBytes(body, path)
			switch first := v.Get("0"); {
			case !v.Exists():
			case v.IsArray() && first.IsObject():
				list = append(list, place{path, raw([]map[string]string{{"text": probeText}})})
			case v.IsArray() && first.Type != gjson.Number:
				list = append(list, place{path, raw([]string{probeText})})
			default:
				list = append(list, place{path, raw(probeText)})
			}
		}
		return list
	}
}

// probe uses the places of inputs and parameters in the specification.
func (s *spec) probe(json.RawMessage) []place {
	var list []place
	for key, value := range map[string]any{
		"text": probeText, "messages": probeMessages, "texts": []string{probeText}, "query": probeText,
		"documents": []string{probeText},
	} {
		if path := s.Input[key]; path != "" && (key != "texts" || s.Input["text"] == "") {
			list = append(list, place{path, raw(value)})
		}
	}
	if path := s.Params["max_tokens"]; path != "" && len(list) > 0 {
		list = append(list, place{path, raw(1)})
	}
	return list
}
