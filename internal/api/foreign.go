package api

import (
	"bytes"
	"slices"

	"github.com/tidwall/gjson"

	"perfpipe/internal/fastjson"
)

// Foreign reports whether a body that has what d needs is one of another API nevertheless: three APIs have messages,
// and differ in other members.
func (d Dialect) Foreign(body fastjson.Members) bool {
	return d.foreign != nil && slices.ContainsFunc(body, func(m fastjson.Member) bool {
		return d.foreign(string(m.Name), m.Value)
	})
}

// onlyOpenAI are keys of OpenAI's chat that neither Anthropic's nor Ollama's API has.
var onlyOpenAI = []string{"frequency_penalty", "function_call", "functions", "logit_bias", "max_completion_tokens", "n",
	"parallel_tool_calls", "presence_penalty", "response_format", "seed", "stop", "stream_options"}

// foreignChat knows members of Anthropic's and of Ollama's API.
func foreignChat(key string, v []byte) bool {
	switch key {
	case "system", "stop_sequences", "anthropic_version", "options", "keep_alive":
		return true
	case "messages":
		return contains(v, `"tool_use"`, `"tool_result"`, `"image"`, `"images"`) &&
			anyOf(gjson.ParseBytes(v), func(m gjson.Result) bool {
				return hasPart(m, "tool_use", "tool_result", "image") || m.Get("images").IsArray()
			})
	case "tools":
		return anyOf(gjson.ParseBytes(v), func(tool gjson.Result) bool { return tool.Get("input_schema").IsObject() })
	}
	return false
}

// foreignAnthropic knows OpenAI's parameters, roles, parts and tools.
func foreignAnthropic(key string, v []byte) bool {
	switch key {
	case "messages":
		return anyOf(gjson.ParseBytes(v), func(m gjson.Result) bool {
			return slices.Contains([]string{"system", "developer", "tool", "function"}, m.Get("role").Str) ||
				m.Get("tool_calls").IsArray() || hasPart(m, "image_url", "input_audio", "file", "video_url")
		})
	case "tools":
		return anyOf(gjson.ParseBytes(v), func(tool gjson.Result) bool { return tool.Get("function").IsObject() })
	case "tool_choice":
		return v[0] == '"'
	}
	return slices.Contains(onlyOpenAI, key)
}

// foreignOllama knows parameters that Ollama's API has in its options, and OpenAI's parts and arguments of calls.
func foreignOllama(key string, v []byte) bool {
	switch key {
	case "max_tokens", "temperature", "top_k", "top_p", "tool_choice":
		return true
	case "messages":
		return anyOf(gjson.ParseBytes(v), func(m gjson.Result) bool {
			return m.Get("content").IsArray() || anyOf(m.Get("tool_calls"), func(call gjson.Result) bool {
				return call.Get("function.arguments").Type == gjson.String
			})
		})
	}
	return slices.Contains(onlyOpenAI, key)
}

func hasPart(message gjson.Result, types ...string) bool {
	return anyOf(message.Get("content"), func(part gjson.Result) bool {
		return slices.Contains(types, part.Get("type").Str)
	})
}

// contains reports whether a value contains one of the words. It is faster than parsing the value.
func contains(v []byte, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return bytes.Contains(v, []byte(w)) })
}

func anyOf(list gjson.Result, is func(gjson.Result) bool) (found bool) {
	if list.IsArray() {
		list.ForEach(func(_, v gjson.Result) bool {
			found = is(v)
			return !found
		})
	}
	return found
}
