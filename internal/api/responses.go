package api

import (
	"fmt"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"llmperf/internal/jsonl"
)

// responses is OpenAI's, as vLLM and transformers have it too.
var responses = Dialect{
	Name: "openai_responses", Op: "responses", Ending: "response.completed", Base: "/v1", Path: "/responses", Need: "input",
	shape: func(body []byte) bool {
		v := gjson.GetManyBytes(body, "input.0.role", "input.0.type", "max_output_tokens", "instructions", "stream")
		return v[0].Exists() || v[1].Exists() || v[2].Exists() || v[3].Exists() || v[4].Exists()
	},
	input: func(in Input) (object, error) {
		switch in.kind() {
		case textIn:
			return object{{Key: "input", Value: raw(in.Text)}}, nil
		case messagesIn:
			items, err := responseItems(in.Messages)
			return object{{Key: "input", Value: items}}, err
		}
		return nil, errKind
	},
	place: places(map[string]string{
		"max_tokens": "max_output_tokens", "stream": "stream", "temperature": "temperature", "top_p": "top_p",
	}),
	read: readResponse,
}

// responseItems gives messages the part types of the responses API. Roles and plain texts are the same in both.
func responseItems(messages json.RawMessage) (json.RawMessage, error) {
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(messages, &list); err != nil {
		return nil, fmt.Errorf("messages is not a list of messages: %w", jsonl.Reason(err))
	}
	items := make([]json.RawMessage, 0, len(list))
	for i, m := range list {
		var role string
		json.Unmarshal(m["role"], &role) // no role is the server's to refuse
		if len(m["tool_calls"]) > 0 || role == "tool" {
			return nil, fmt.Errorf("messages[%d]: tool calls are not translated", i)
		}
		content := m["content"]
		if len(content) > 0 && content[0] == '[' {
			parts, err := responseParts(content, role)
			if err != nil {
				return nil, fmt.Errorf("messages[%d].%w", i, err)
			}
			content = parts
		}
		items = append(items, object{{Key: "role", Value: raw(role)}, {Key: "content", Value: content}}.json())
	}
	return raw(items), nil
}

func responseParts(content json.RawMessage, role string) (json.RawMessage, error) {
	parts, err := parseParts(content)
	if err != nil {
		return nil, err
	}
	textType := "input_text"
	if role == "assistant" {
		textType = "output_text"
	}
	var out []json.RawMessage
	for _, p := range parts {
		if p.image == "" {
			out = append(out, object{{Key: "type", Value: raw(textType)}, {Key: "text", Value: raw(p.text)}}.json())
			continue
		}
		out = append(out, object{{Key: "type", Value: raw("input_image")}, {Key: "image_url", Value: raw(p.image)},
			{Key: "detail", Value: raw("auto")}}.json())
	}
	return raw(out), nil
}

// part is a text or an image of a message; an image is a URL, mostly with data in it.
type part struct{ text, image string }

func parseParts(content json.RawMessage) ([]part, error) {
	var list []struct {
		Type     string `json:"type"`
		Text     string `json:"text"`
		ImageURL struct {
			URL string `json:"url"`
		} `json:"image_url"`
	}
	if err := json.Unmarshal(content, &list); err != nil {
		return nil, fmt.Errorf("content is neither a text nor a list of parts: %w", jsonl.Reason(err))
	}
	parts := make([]part, 0, len(list))
	for i, p := range list {
		switch p.Type {
		case "text":
			parts = append(parts, part{text: p.Text})
		case "image_url":
			parts = append(parts, part{image: p.ImageURL.URL})
		default:
			return nil, fmt.Errorf("content[%d] is of type %q, and only text and image_url are translated", i, p.Type)
		}
	}
	return parts, nil
}

// response is the object of a whole reply, which the first and the last event of a stream carry too.
type response struct {
	Object string          `json:"object"`
	Model  string          `json:"model"`
	Status string          `json:"status"`
	Error  json.RawMessage `json:"error"`
	Detail struct {
		Reason string `json:"reason"`
	} `json:"incomplete_details"`
	Output []struct {
		Type    string `json:"type"`
		Content []struct {
			Type    string `json:"type"`
			Text    string `json:"text"`
			Refusal string `json:"refusal"`
		} `json:"content"`
		Summary []struct {
			Text string `json:"text"`
		} `json:"summary"`
		CallID    string    `json:"call_id"`
		Name      string    `json:"name"`
		Arguments arguments `json:"arguments"`
	} `json:"output"`
	Usage *struct {
		Input        int `json:"input_tokens"`
		Output       int `json:"output_tokens"`
		InputDetails struct {
			Cached int `json:"cached_tokens"`
		} `json:"input_tokens_details"`
		OutputDetails struct {
			Reasoning int `json:"reasoning_tokens"`
		} `json:"output_tokens_details"`
	} `json:"usage"`
}

type responseEvent struct {
	response
	Type     string          `json:"type"`
	Delta    json.RawMessage `json:"delta"`
	Response response        `json:"response"`
	Index    int             `json:"output_index"`
	Item     struct {
		Type   string `json:"type"`
		CallID string `json:"call_id"`
		Name   string `json:"name"`
	} `json:"item"`
}

func readResponse(data []byte) (Event, error) {
	if string(data) == "[DONE]" {
		return Event{Done: true}, nil
	}
	var r responseEvent
	if err := decode(data, &r); err != nil {
		return Event{}, err
	}
	var e Event
	var delta string
	json.Unmarshal(r.Delta, &delta) // deltas of sound and the like are objects, and no output that is counted
	switch kind := strings.TrimPrefix(r.Type, "response."); kind {
	case "":
		r.response.into(&e, data, true)
	case "output_text.delta", "refusal.delta":
		e.Content = delta
	case "reasoning_text.delta", "reasoning_summary_text.delta":
		e.Reasoning = delta
	case "function_call_arguments.delta", "custom_tool_call_input.delta", "mcp_call_arguments.delta":
		e.call(Call{Index: r.Index, Arguments: delta})
	case "output_item.added":
		if r.Item.Name != "" {
			e.call(Call{Index: r.Index, ID: r.Item.CallID, Name: r.Item.Name})
		}
	case "completed", "incomplete", "failed":
		r.Response.into(&e, data, false)
		e.Done = true
	case "error":
		e.Err = ErrorMessage(data)
		e.Done = true
	}
	return e, nil
}

// into takes what a reply says. Of a stream's last event the output is known already.
func (r *response) into(e *Event, data []byte, output bool) {
	e.Model, e.Finish = r.Model, r.Status
	if r.Detail.Reason != "" {
		e.Finish = r.Detail.Reason
	}
	if present(r.Error) {
		e.Err = ErrorMessage(r.Error)
	} else if r.Status == "failed" || r.Object == "error" || r.Object == "" {
		e.Err = ErrorMessage(data)
	}
	if u := r.Usage; u != nil {
		e.Usage = usage(u.Input, u.Output, u.InputDetails.Cached, u.OutputDetails.Reasoning)
	}
	if !output {
		return
	}
	for i, item := range r.Output {
		to := &e.Content
		if item.Type == "reasoning" {
			to = &e.Reasoning
		}
		for _, s := range item.Summary {
			*to += s.Text
		}
		for _, c := range item.Content {
			*to += c.Text + c.Refusal
		}
		if item.Name != "" {
			e.call(Call{i, item.CallID, item.Name, string(item.Arguments)})
		}
	}
}
