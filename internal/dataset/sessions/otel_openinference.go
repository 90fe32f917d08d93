package sessions

import (
	"strconv"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
)

// otherNames are attributes of OpenInference's conventions and of OpenLLMetry's first ones, and those of the GenAI
// conventions that have the same meaning. The first one that a span has counts.
var otherNames = [...]struct{ from, to string }{
	{"llm.model_name", "gen_ai.request.model"},
	{"llm.request.model", "gen_ai.request.model"},
	{"llm.request.max_tokens", "gen_ai.request.max_tokens"},
	{"llm.token_count.prompt", "gen_ai.usage.input_tokens"},
	{"llm.usage.prompt_tokens", "gen_ai.usage.input_tokens"},
	{"llm.token_count.completion", "gen_ai.usage.output_tokens"},
	{"llm.usage.completion_tokens", "gen_ai.usage.output_tokens"},
	{"llm.token_count.prompt_details.cache_read", "gen_ai.usage.cache_read.input_tokens"},
}

// openInferenceParameters are members of OpenInference's invocation parameters, and what follows gen_ai.request in the
// names of the attributes with the same meaning.
var openInferenceParameters = map[string]string{
	"temperature": "temperature", "top_p": "top_p", "top_k": "top_k", "seed": "seed", "n": "choice.count",
	"frequency_penalty": "frequency_penalty", "presence_penalty": "presence_penalty", "stop": "stop_sequences",
	"stop_sequences": "stop_sequences", "max_tokens": "max_tokens", "max_completion_tokens": "max_tokens",
	"max_output_tokens": "max_tokens",
}

// openInference adds the attributes of the GenAI conventions to those of a call by other ones: OpenInference's, which
// Phoenix and its instrumentations use. They are flat, as in spans, or nested, as in exports.
func openInference(a map[string]gjson.Result) {
	for _, root := range []string{"openinference", "llm", "session", "llm.input_messages", "llm.output_messages",
		"llm.tools"} {
		flatten(a, root, a[root], 0)
	}
	for _, n := range otherNames {
		supply(a, n.to, a[n.from])
	}
	if a["openinference.span.kind"].Str != "LLM" {
		return
	}
	supply(a, "gen_ai.operation.name", gjson.Parse(`"chat"`))
	supply(a, "gen_ai.conversation.id", a["session.id"])
	parsed(a["llm.invocation_parameters"]).ForEach(func(key, v gjson.Result) bool {
		if to := openInferenceParameters[key.Str]; to != "" {
			supply(a, "gen_ai.request."+to, v)
		}
		return true
	})
	supply(a, inputKey, openInferenceMessages(a, "llm.input_messages."))
	supply(a, outputKey, openInferenceMessages(a, "llm.output_messages."))
	supply(a, "gen_ai.tool.definitions", openInferenceTools(a))
}

// flatten sets an attribute for each member below v, whose names are joined by dots.
func flatten(a map[string]gjson.Result, at string, v gjson.Result, depth int) {
	if !v.IsObject() && !(v.IsArray() && v.Get("0").IsObject()) || strings.HasSuffix(at, ".json_schema") ||
		strings.HasSuffix(at, ".invocation_parameters") || depth > maxDepth {
		supply(a, at, v)
		return
	}
	v.ForEach(func(key, x gjson.Result) bool { // the key of an element is its index
		flatten(a, at+"."+key.String(), x, depth+1)
		return true
	})
}

// openInferenceMessages returns the messages whose members are attributes such as llm.input_messages.0.message.role.
func openInferenceMessages(a map[string]gjson.Result, prefix string) gjson.Result {
	var list []json.RawMessage
	for n := 0; ; n++ {
		at := prefix + strconv.Itoa(n) + ".message."
		content, calls := a[at+"content"], indexedCalls(a, at+"tool_calls.", ".tool_call.", "function.")
		if parts := openInferenceParts(a, at+"contents."); parts.Exists() {
			content = parts
		}
		if !a[at+"role"].Exists() && !content.Exists() && !calls.Exists() {
			break
		}
		list = append(list, object("role", a[at+"role"], "content", content, "tool_calls", calls, "tool_call_id",
			a[at+"tool_call_id"]))
	}
	return listOf(list)
}

func openInferenceParts(a map[string]gjson.Result, prefix string) gjson.Result {
	var list []json.RawMessage
	for k := 0; ; k++ {
		at := prefix + strconv.Itoa(k) + ".message_content."
		text, image := a[at+"text"], a[at+"image.image.url"]
		switch {
		case text.Exists():
			list = append(list, object("type", gjson.Parse(`"text"`), "text", text))
		case image.Exists():
			list = append(list, append(append([]byte(`{"type":"image_url","image_url":{"url":`), image.Raw...), "}}"...))
		case a[at+"type"].Exists(): // a kind that is not sent
		default:
			return listOf(list)
		}
	}
}

// openInferenceTools returns the tools of a call. A definition is a whole tool, or the schema of its parameters alone.
func openInferenceTools(a map[string]gjson.Result) gjson.Result {
	var list []json.RawMessage
	for k := 0; ; k++ {
		at := "llm.tools." + strconv.Itoa(k) + ".tool."
		tool, name := parsed(a[at+"json_schema"]), a[at+"name"]
		switch {
		case tool.Get("function").IsObject() || tool.Get("name").Exists() && tool.Get("parameters").Exists():
			list = append(list, json.RawMessage(tool.Raw))
		case tool.Get("name").Exists():
			list = append(list, object("name", tool.Get("name"), "description", tool.Get("description"), "parameters",
				tool.Get("input_schema")))
		case tool.Exists() && name.Exists():
			list = append(list, object("name", name, "description", a[at+"description"], "parameters", tool))
		case !tool.Exists():
			return listOf(list)
		}
	}
}
