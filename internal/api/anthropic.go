package api

import (
	"fmt"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"llmperf/internal/jsonl"
)

// anthropic is Anthropic's messages, as vLLM and SGLang have them too.
var anthropic = Dialect{
	Name: "anthropic", Op: "chat", Ending: "message_stop", Base: "/v1", Path: "/messages", Need: "messages",
	Headers: map[string]string{"anthropic-version": "2023-06-01"}, KeyHeader: "x-api-key",
	Bearer: true, // vLLM takes that alone
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
	read:   readAnthropic,
	reader: func() func([]byte) (Event, error) { return new(anthropicReader).read },
}

// anthropicMessages takes the system's messages out, which have a key of their own, and translates parts.
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
			source = object{{Key: "type", Value: raw("base64")}, {Key: "media_type", Value: raw(media)}, {Key: "data", Value: raw(data)}}
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

type anthropicUsage struct {
	Input        *int `json:"input_tokens"`
	CacheRead    *int `json:"cache_read_input_tokens"`
	CacheCreated *int `json:"cache_creation_input_tokens"`
	Output       *int `json:"output_tokens"`
}

type anthropicBlock struct {
	Type     string          `json:"type"`
	Text     string          `json:"text"`
	Thinking string          `json:"thinking"`
	Partial  string          `json:"partial_json"`
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Input    json.RawMessage `json:"input"`
}

type anthropicEvent struct {
	Type    string `json:"type"`
	Index   int    `json:"index"`
	Message struct {
		Model string         `json:"model"`
		Usage anthropicUsage `json:"usage"`
	} `json:"message"`
	Block anthropicBlock `json:"content_block"`
	Delta struct {
		anthropicBlock
		StopReason string `json:"stop_reason"`
	} `json:"delta"`
	// A whole reply.
	Model      string           `json:"model"`
	Content    []anthropicBlock `json:"content"`
	StopReason string           `json:"stop_reason"`
	Usage      anthropicUsage   `json:"usage"`
}

// anthropicReader adds up the counts: the first event has those of the prompt, a late one those of the output.
type anthropicReader struct{ input, cached, created, output int }

func readAnthropic(data []byte) (Event, error) { return new(anthropicReader).read(data) }

func (a *anthropicReader) read(data []byte) (Event, error) {
	if string(data) == "[DONE]" { // vLLM's
		return Event{Done: true}, nil
	}
	var v anthropicEvent
	if err := decode(data, &v); err != nil {
		return Event{}, err
	}
	e := Event{}
	switch v.Type {
	case "message_start":
		e.Model = v.Message.Model
		e.Usage = a.count(v.Message.Usage)
	case "content_block_start":
		e.block(v.Index, v.Block)
	case "content_block_delta":
		e.block(v.Index, v.Delta.anthropicBlock)
	case "message_delta":
		e.Finish = v.Delta.StopReason
		e.Usage = a.count(v.Usage)
	case "message_stop":
		e.Done = true
	case "message":
		e.Model, e.Finish = v.Model, v.StopReason
		e.Usage = a.count(v.Usage)
		for i, b := range v.Content {
			e.block(i, b)
		}
	case "ping", "content_block_stop":
	case "error":
		e.Err, e.Done = ErrorMessage(data), true
	default:
		if gjson.GetBytes(data, "error").Exists() || v.Type == "" {
			e.Err = ErrorMessage(data)
		}
	}
	return e, nil
}

func (e *Event) block(i int, b anthropicBlock) {
	e.Content += b.Text
	e.Reasoning += b.Thinking
	switch {
	case b.Type == "tool_use" || b.Type == "server_tool_use":
		c := Call{Index: i, ID: b.ID, Name: b.Name}
		if len(b.Input) > 2 { // a stream starts with {}
			c.Arguments = string(b.Input)
		}
		e.call(c)
	case b.Partial != "":
		e.call(Call{Index: i, Arguments: b.Partial})
	}
}

// count adds what an event says. input_tokens leaves out what came from the cache or went into it.
func (a *anthropicReader) count(u anthropicUsage) *Usage {
	if u == (anthropicUsage{}) {
		return nil
	}
	for to, from := range map[*int]*int{&a.input: u.Input, &a.cached: u.CacheRead, &a.created: u.CacheCreated, &a.output: u.Output} {
		if from != nil {
			*to = *from
		}
	}
	return usage(a.input+a.cached+a.created, a.output, a.cached, 0)
}
