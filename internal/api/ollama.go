package api

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"perfpipe/internal/jsonl"
)

// Ollama's own API. Its streams are JSON lines, and it streams unless stream is false.
var ollamaChat = Dialect{
	Name: "ollama", Op: "chat", Path: "/api/chat", Need: "messages", Framing: JSONLines, streams: true,
	Ending: `"done": true`, Shares: []string{"tools", "logprobs", "top_logprobs"}, foreign: foreignOllama,
	input: func(in Input) (object, error) {
		m, err := asMessages(in)
		if err != nil {
			return nil, err
		}
		m, err = ollamaMessages(m)
		return object{{Key: "messages", Value: m}}, err
	},
	place: ollamaPlaces,
	read:  readOllama, times: ollamaTimes,
	probe: probing("messages", probeMessages, "options.num_predict", 1, "format", nil),
}

var ollamaGenerate = Dialect{
	Name: "ollama", Op: "generate", Path: "/api/generate", Need: "prompt", Framing: JSONLines, streams: true,
	Ending: `"done": true`,
	input:  func(in Input) (object, error) { return prompt(in, "prompt", "", "") },
	place:  ollamaPlaces,
	read:   readOllama, times: ollamaTimes,
	probe: probing("prompt", probeText, "options.num_predict", 1, "format", nil),
}

var ollamaEmbed = Dialect{
	Name: "ollama", Op: "embedding", Path: "/api/embed", Need: "input", shape: embedding.shape, items: embedded,
	input: func(in Input) (object, error) { return prompt(in, "input", "", "input") },
	place: places(nil),
	read:  readOllama, times: ollamaTimes,
	probe: probeItems("input"),
}

var ollamaPlaces = places(map[string]string{
	"stream": "stream", "max_tokens": "options.num_predict", "temperature": "options.temperature",
	"top_p": "options.top_p", "top_k": "options.top_k", "frequency_penalty": "options.frequency_penalty",
	"presence_penalty": "options.presence_penalty", "repetition_penalty": "options.repeat_penalty", "seed": "options.seed",
	"stop": "options.stop[]",
})

// ollamaMessages converts messages with parts to messages with one text and a list of images, and the arguments of
// tool calls from text to objects.
func ollamaMessages(messages json.RawMessage) (json.RawMessage, error) {
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(messages, &list); err != nil {
		return nil, fmt.Errorf("messages is not a list of messages: %w", jsonl.Reason(err))
	}
	changed := false
	for i, m := range list {
		if present(m["tool_calls"]) {
			calls, err := ollamaCalls(m["tool_calls"])
			if err != nil {
				return nil, fmt.Errorf("messages[%d].%w", i, err)
			}
			m["tool_calls"], changed = calls, true
		}
		if len(m["content"]) == 0 || m["content"][0] != '[' {
			continue
		}
		parts, err := parseParts(m["content"])
		if err != nil {
			return nil, fmt.Errorf("messages[%d].%w", i, err)
		}
		var texts, images []string
		for _, p := range parts {
			if p.image == "" {
				texts = append(texts, p.text)
				continue
			}
			_, data, ok := dataURI(p.image)
			if !ok {
				return nil, fmt.Errorf("messages[%d]: Ollama takes images as data, not by URL", i)
			}
			images = append(images, data)
		}
		m["content"] = raw(strings.Join(texts, "\n"))
		if len(images) > 0 {
			m["images"] = raw(images)
		}
		changed = true
	}
	if !changed {
		return messages, nil
	}
	return raw(list), nil
}

// ollamaCalls converts the arguments of tool calls from text to objects.
func ollamaCalls(calls json.RawMessage) (_ json.RawMessage, err error) {
	for i, call := range gjson.ParseBytes(calls).Array() {
		arguments := call.Get("function.arguments")
		if arguments.Type != gjson.String {
			continue
		}
		if !gjson.Valid(arguments.Str) || !gjson.Parse(arguments.Str).IsObject() {
			return nil, fmt.Errorf("tool_calls[%d]: the arguments are no JSON object: %.40q", i, arguments.Str)
		}
		path := strconv.Itoa(i) + ".function.arguments"
		if calls, err = sjson.SetRawBytes(calls, path, []byte(arguments.Str)); err != nil {
			return nil, err
		}
	}
	return calls, nil
}

// readOllama reads a line of a stream, or a whole reply. It is the list of what counts as output, besides messages.
func readOllama(v value) Event {
	var e Event
	var u Usage
	v.each(func(key string, v value) {
		switch key {
		case "model":
			e.Model = v.string()
		case "message":
			if v.isObject() {
				e.message(v)
			}
		case "response":
			e.Content += v.string()
		case "thinking":
			e.Reasoning += v.string()
		case "image":
			e.Media = v.string() != ""
		case "embeddings":
			e.vectors(key, v)
		case "embedding": // of /api/embeddings
			if v.isList() {
				e.vector(key, v)
			}
		case "done":
			e.Done = v.isTrue()
		case "done_reason":
			e.finish(v)
		case "prompt_eval_count":
			u.Prompt = v.count()
		case "eval_count":
			u.Completion = v.count()
		}
	})
	e.Usage = nonzero(u)
	return e
}
