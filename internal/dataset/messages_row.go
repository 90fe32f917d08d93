package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
)

// Parameters of a request that a row may have beside its messages: those that every API has in a place of its own, and
// those that are sent unchanged.
var (
	rowSampling = []string{"temperature", "top_p", "top_k", "max_tokens", "stop", "seed", "presence_penalty",
		"frequency_penalty", "repetition_penalty", "min_tokens", "ignore_eos", "stop_token_ids", "n", "logprobs", "stream"}
	rowVerbatim = []string{"tool_choice", "parallel_tool_calls", "functions", "response_format", "chat_template_kwargs",
		"reasoning_effort", "min_p", "logit_bias", "top_logprobs", "skip_special_tokens", "thinking"}
	// other names of max_tokens
	rowMaxTokens = []string{"max_completion_tokens", "max_new_tokens", "max_output_tokens", "num_predict", "n_predict"}
)

// rowPictures are keys of the pictures that messages refer to as <image>.
var rowPictures = []string{"image", "images", "video", "videos", "audio", "audios"}

// talkRow is a row that contains a conversation.
type talkRow struct {
	messages gjson.Result // the value of the first message key present
	system   string
	params   []api.Param // found beside the messages
	unsent   []string    // names of other parameters
	pictures bool        // the row has some, beside the messages
}

// readRow reads a row in one pass, since conversations are long.
func readRow(row gjson.Result, keys []string) (r talkRow, err error) {
	at := len(keys)
	row.ForEach(func(k, v gjson.Result) bool {
		key := k.Str
		if i := slices.Index(keys, key); i >= 0 {
			if i < at {
				at, r.messages = i, v
			}
			return true
		}
		switch {
		case v.Type == gjson.Null:
		case key == "system", key == "system_prompt", key == "system_message":
			r.system = cmp.Or(r.system, v.Str)
		case key == "tools":
			var tools json.RawMessage
			if tools, err = rowTools(v); err != nil {
				return false
			}
			if tools != nil {
				r.params = append(r.params, api.Param{Key: key, Value: tools, Verbatim: true})
			}
		case key == "n" && v.Type != gjson.Number, key == "stream" && !v.IsBool(), key == "thinking" && !v.IsObject():
			// data of that name
		case slices.Contains(rowSampling, key):
			r.params = append(r.params, api.Param{Key: key, Value: json.RawMessage(v.Get("@ugly").Raw)})
		case slices.Contains(rowMaxTokens, key):
			r.params = withParam(r.params, api.Param{Key: "max_tokens", Value: json.RawMessage(v.Raw)})
		case slices.Contains(rowVerbatim, key):
			r.params = append(r.params, api.Param{Key: key, Value: json.RawMessage(v.Get("@ugly").Raw), Verbatim: true})
		case isGenerationKey(key) && key != "options": // which are answers to choose from
			r.unsent = append(r.unsent, key)
		case slices.Contains(rowPictures, key):
			r.pictures = r.pictures || v.Type == gjson.String && v.Str != "" || v.IsObject() || len(v.Array()) > 0
		}
		return true
	})
	return r, err
}

// rowTools parses tools, which datasets may also have as a JSON string, and without their type.
func rowTools(v gjson.Result) (json.RawMessage, error) {
	if v.Type == gjson.String {
		if strings.TrimSpace(v.Str) == "" {
			return nil, nil
		}
		if !gjson.Valid(v.Str) {
			return nil, errors.New("tools is neither a list nor the JSON of one")
		}
		v = gjson.Parse(v.Str)
	}
	if !v.IsArray() {
		return nil, fmt.Errorf("tools is not a list: %.40s", v.Raw)
	}
	if len(v.Array()) == 0 {
		return nil, nil
	}
	out := []byte{'['}
	for i, tool := range v.Array() {
		if !tool.IsObject() {
			return nil, fmt.Errorf("tools[%d] is not an object: %.40s", i, tool.Raw)
		}
		if i > 0 {
			out = append(out, ',')
		}
		one := tool.Get("@ugly").Raw
		if tool.Get("name").Exists() && !tool.Get("function").Exists() && !tool.Get("type").Exists() {
			one = `{"type":"function","function":` + one + `}`
		}
		out = append(out, one...)
	}
	return append(out, ']'), nil
}
