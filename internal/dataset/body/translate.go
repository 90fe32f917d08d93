package body

import (
	"slices"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/fault"
)

// translatable are the parameters of OpenAI's bodies for which other APIs have a place of their own.
var translatable = []string{"model", "max_tokens", "min_tokens", "temperature", "top_p", "top_k", "frequency_penalty",
	"presence_penalty", "repetition_penalty", "seed", "stop", "stop_token_ids", "n", "logprobs", "stream", "ignore_eos"}

// translate turns a body of OpenAI's chat or completions into the input and parameters of the API that the user names,
// if it is a body of another API, or continues a conversation whose system prompt is beside the messages, so that it
// must be added. Its URL is then that of the API.
func (s *Shape) translate(it *Item, continues bool) error {
	if it.Body == nil || s.API == "" || s.Custom != nil {
		return nil
	}
	if of := s.ofBody(it); !continues && !of.foreign && !(s.oneAPI && of.dialect.Foreign(it.Members)) {
		return nil
	}
	shared := s.takes[what(&api.Input{Messages: json.RawMessage{}})].dialect.Shares
	in, own := api.Input{}, slices.Clone(it.Own)
	var other []string
	gjson.ParseBytes(it.Body).ForEach(func(key, v gjson.Result) bool {
		switch {
		case v.Type == gjson.Null || key.Str == "stream_options": // perf-send adds what the API needs of it
		case key.Str == "messages" && v.IsArray():
			in.Messages = json.RawMessage(v.Raw)
		case key.Str == "prompt" && v.Type == gjson.String:
			in.Text = v.Str
		case key.Str == "max_completion_tokens":
			own = append(own, api.Param{Key: "max_tokens", Value: json.RawMessage(v.Raw)})
		case slices.Contains(translatable, key.Str):
			own = append(own, api.Param{Key: key.Str, Value: json.RawMessage(v.Raw)})
		case slices.Contains(shared, key.Str):
			own = append(own, api.Param{Key: key.Str, Value: json.RawMessage(v.Raw), Verbatim: true})
		default:
			other = append(other, key.Str)
		}
		return true
	})
	openAI, _ := api.ForInput("openai", api.Input{Messages: in.Messages})
	if other != nil || in.Messages == nil && in.Text == "" || in.Messages != nil && openAI.Foreign(it.Members) {
		keys := make([]string, len(it.Members))
		for i := range keys {
			keys[i] = string(it.Members[i].Name)
		}
		return fault.Of("api", "other-api", "%s does not take a body of another API: it has the keys %s", s.API,
			strings.Join(keys, ", "))
	}
	it.In, it.Own, it.Body, it.Members, it.Line.URL = &in, own, nil, nil, ""
	if in.Messages == nil && !s.takes[what(&in)].ok {
		it.In.Messages = UserMessage(in.Text)
	}
	s.once("bodies of OpenAI's API become those of %s", s.API)
	return nil
}
