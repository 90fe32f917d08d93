package api

import (
	"fmt"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/jsonl"
)

// anthropic is Anthropic's messages API. vLLM and SGLang implement it, too.
var anthropic = Dialect{
	Name: "anthropic", Op: "chat", Ending: "message_stop", Base: "/v1", Path: "/messages", Need: "messages",
	Headers: map[string]string{"anthropic-version": "2023-06-01"}, KeyHeader: "x-api-key",
	Bearer:     true, // the only one that vLLM accepts
	ToolBlocks: true, SystemApart: true,
	foreign: foreignAnthropic,
	input: func(in Input) (object, error) {
		m, err := asMessages(in)
		if err != nil {
			return nil, err
		}
		return anthropicMessages(m)
	},
	place: places(map[string]string{
		"max_tokens": "max_tokens", "stream": "stream", "temperature": "temperature", "top_p": "top_p", "top_k": "top_k",
		"stop": "stop_sequences[]",
	}),
	read: readAnthropic, times: anthropicTimes,
	probe:  probing("messages", probeMessages, "max_tokens", 1),
	reader: func() func(value) Event { return new(anthropicReader).read },
}

// anthropicMessages moves system messages to the key system and translates parts.
func anthropicMessages(messages json.RawMessage) (object, error) {
	var list []struct {
		Role      string          `json:"role"`
		Content   json.RawMessage `json:"content"`
		ToolCalls json.RawMessage `json:"tool_calls"`
	}
	if err := json.Unmarshal(messages, &list); err != nil {
		return nil, fmt.Errorf("messages is not a list of messages: %w", jsonl.Reason(err))
	}
	var system []string
	out := []json.RawMessage{}
	for i, m := range list {
		if present(m.ToolCalls) || m.Role == "tool" {
			return nil, fmt.Errorf("messages[%d]: tool calls are not translated", i)
		}
		if m.Role == "system" || m.Role == "developer" {
			var t text
			if err := json.Unmarshal(m.Content, &t); err != nil {
				return nil, fmt.Errorf("messages[%d].content: %w", i, jsonl.Reason(err))
			}
			system = append(system, string(t))
			continue
		}
		content := m.Content
		if len(content) > 0 && content[0] == '[' {
			parts, err := anthropicParts(content)
			if err != nil {
				return nil, fmt.Errorf("messages[%d].%w", i, err)
			}
			content = parts
		}
		out = append(out, object{{Key: "role", Value: raw(m.Role)}, {Key: "content", Value: content}}.json())
	}
	o := object{{Key: "messages", Value: raw(out)}}
	if len(system) > 0 {
		o = append(object{{Key: "system", Value: raw(strings.Join(system, "\n\n"))}}, o...)
	}
	return o, nil
}

func anthropicParts(content json.RawMessage) (json.RawMessage, error) {
	parts, err := parseParts(content)
	if err != nil {
		return nil, err
	}
	var out []json.RawMessage
	for _, p := range parts {
		if p.image == "" {
			out = append(out, object{{Key: "type", Value: raw("text")}, {Key: "text", Value: raw(p.text)}}.json())
			continue
		}
		source := object{{Key: "type", Value: raw("url")}, {Key: "url", Value: raw(p.image)}}
		if media, data, ok := dataURI(p.image); ok {
			source = object{
				{Key: "type", Value: raw("base64")}, {Key: "media_type", Value: raw(media)},
				{Key: "data", Value: raw(data)},
			}
		}
		out = append(out, object{{Key: "type", Value: raw("image")}, {Key: "source", Value: source.json()}}.json())
	}
	return raw(out), nil
}

// dataURI splits data:image/png;base64,….
func dataURI(uri string) (media, data string, ok bool) {
	rest, ok1 := strings.CutPrefix(uri, "data:")
	media, data, ok2 := strings.Cut(rest, ";base64,")
	return media, data, ok1 && ok2
}

// anthropicReader sums the token counts. The first event has those of the prompt, a late one those of the output.
type anthropicReader struct {
	input, cached, created, output int
	cacheKnown                     bool
	thinks                         bool // a block of reasoning has begun and has no text yet
}

func readAnthropic(v value) Event { return new(anthropicReader).read(v) }

func (a *anthropicReader) read(v value) Event {
	var e Event
	var index int
	var kind string
	var delta value
	v.each(func(key string, v value) {
		switch key {
		case "type":
			kind = v.string()
		case "index":
			index = v.count()
		case "delta":
			delta = v
		}
	})
	switch kind {
	case "message_start":
		m := v.at("message")
		e.Model = m.at("model").string()
		e.Usage = a.count(m.at("usage"), false) // output_tokens means nothing before the output
	case "content_block_start":
		block := v.at("content_block")
		a.thinks = block.at("type").is("thinking") && block.at("thinking").string() == ""
		e.block(index, block)
	case "content_block_delta":
		e.block(index, delta)
		a.thinks = a.thinks && e.Reasoning == ""
	case "content_block_stop":
		if a.thinks { // the server withholds its text
			e.Unseen = UnseenRedacted
		}
		a.thinks = false
	case "message_delta":
		e.finish(delta.at("stop_reason"))
		e.Usage = a.count(v.at("usage"), true)
	case "message_stop":
		e.Done = true
	case "message":
		e.Model = v.at("model").string()
		e.finish(v.at("stop_reason"))
		e.Usage = a.count(v.at("usage"), true)
		v.at("content").list(e.block)
	case "error":
		e.Err, e.Done = ErrorMessage(v.raw()), true
	case "":
		if !v.at("error").there() {
			e.Err = ErrorMessage(v.raw())
		}
	}
	return e
}

// block reads a content block or a delta of one. It is the list of what counts as output.
func (e *Event) block(i int, v value) {
	switch kind := v.at("type").string(); kind {
	case "text", "text_delta":
		e.Content += v.at("text").string()
	case "thinking", "thinking_delta":
		e.Reasoning += v.at("thinking").string()
	case "redacted_thinking":
		e.Unseen = UnseenRedacted
	case "tool_use", "server_tool_use", "mcp_tool_use":
		c := Call{Index: i, ID: v.at("id").string(), Name: v.at("name").string()}
		if input := v.at("input"); !input.empty() { // a stream starts with {}
			c.Arguments = input.arguments()
		}
		e.call(c)
	case "input_json_delta":
		if s := v.at("partial_json").string(); s != "" {
			e.call(Call{Index: i, Arguments: s})
		}
	case "signature_delta", "citations_delta", "": // no output
	default: // results of the server's tools, and unknown kinds
		if key := "text"; v.at(key).string() != "" {
			e.odd(kind + "." + key)
		}
	}
}

// count adds the counts of an event. input_tokens excludes what was read from the cache or written to it.
func (a *anthropicReader) count(v value, output bool) *Usage {
	if v.empty() {
		return nil
	}
	v.at("input_tokens").into(&a.input)
	v.at("cache_creation_input_tokens").into(&a.created)
	if output {
		v.at("output_tokens").into(&a.output)
	}
	if n, ok := v.at("cache_read_input_tokens").number(); ok {
		a.cached, a.cacheKnown = max(a.cached, n), true
	}
	u := &Usage{Prompt: a.input + a.cached + a.created, Completion: a.output, Cached: a.cached, CacheKnown: a.cacheKnown}
	v.at("output_tokens_details.thinking_tokens").into(&u.Reasoning)
	return u
}
