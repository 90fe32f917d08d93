package api

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/goccy/go-json"
)

// Dialect is one API of a server.
type Dialect struct {
	Name string // as --api and the record's api have it
	Op   string // the record's op
	Path string // the endpoint, below /v1
	Need string // the key that a body must have
}

// Dialects is the table of them all, keyed by how the path of an endpoint ends.
var dialects = []Dialect{
	{Name: "openai", Op: "chat", Path: "/chat/completions", Need: "messages"},
	{Name: "openai", Op: "completion", Path: "/completions", Need: "prompt"},
}

// ForPath finds the dialect that the path of a URL names.
func ForPath(path string) (Dialect, bool) {
	path = strings.TrimRight(path, "/")
	for _, d := range dialects {
		if strings.HasSuffix(path, d.Path) {
			return d, true
		}
	}
	return Dialect{}, false
}

// ForBody finds the dialect that the shape of a body tells; has says whether the body has a key.
func ForBody(has func(key string) bool) (Dialect, bool) {
	for _, d := range dialects {
		if has(d.Need) {
			return d, true
		}
	}
	return Dialect{}, false
}

// Known says whether --api may be name.
func Known(name string) bool {
	for _, d := range dialects {
		if d.Name == name {
			return true
		}
	}
	return false
}

// Endpoint is the URL of d on the server that base names: an origin, a base with a path such as /v1, or a whole
// endpoint, which stands as it is.
func (d Dialect) Endpoint(base *url.URL) *url.URL {
	u := *base
	path := strings.TrimRight(u.Path, "/")
	if _, whole := ForPath(path); !whole {
		if path == "" {
			path = "/v1"
		}
		u.Path = path + d.Path
	}
	return &u
}

// Event is what one event of a stream, or a whole reply, carries.
type Event struct {
	Content, Reasoning, Tool string // generated output by kind; a refusal is content
	Model, Finish            string
	Usage                    *Usage
	Err                      string // an error object in the reply, in plain words
	Done                     bool   // [DONE]
}

// Output says whether the event carries generated output.
func (e *Event) Output() bool { return e.Content != "" || e.Reasoning != "" || e.Tool != "" }

// Usage is the server's own count of tokens.
type Usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	PromptDetails    *struct {
		Cached int `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
	CompletionDetails *struct {
		Reasoning int `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
}

type message struct {
	Content          string `json:"content"`
	Reasoning        string `json:"reasoning"`
	ReasoningContent string `json:"reasoning_content"`
	Refusal          string `json:"refusal"`
	ToolCalls        []struct {
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
}

type chunk struct {
	Object  string `json:"object"`
	Model   string `json:"model"`
	Choices []struct {
		Delta        message `json:"delta"`
		Message      message `json:"message"`
		Text         string  `json:"text"`
		FinishReason string  `json:"finish_reason"`
	} `json:"choices"`
	Usage *Usage          `json:"usage"`
	Error json.RawMessage `json:"error"`
}

// Read decodes the data of one event of a stream, or a whole reply: the two differ only in delta against message. All
// choices count.
func (d Dialect) Read(data []byte) (Event, error) {
	if string(data) == "[DONE]" {
		return Event{Done: true}, nil
	}
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		return Event{}, fmt.Errorf("not a JSON answer (%w): %.80q", err, data)
	}
	e := Event{Model: c.Model, Usage: c.Usage}
	if len(c.Error) > 0 && string(c.Error) != "null" || c.Object == "error" {
		e.Err = ErrorMessage(data)
	}
	for i := range c.Choices {
		ch := &c.Choices[i]
		e.Content += ch.Text
		e.add(&ch.Delta)
		e.add(&ch.Message)
		if ch.FinishReason != "" {
			e.Finish = ch.FinishReason
		}
	}
	return e, nil
}

func (e *Event) add(m *message) {
	e.Content += m.Content + m.Refusal
	e.Reasoning += m.Reasoning
	if m.Reasoning == "" {
		e.Reasoning += m.ReasoningContent
	}
	for _, t := range m.ToolCalls {
		e.Tool += t.Function.Name + t.Function.Arguments
	}
}

// ErrorMessage puts a server's error answer in plain words. It knows the shapes {"error": "…"}, {"error": {"message":
// "…"}}, {"message": "…"}, and {"detail": "…" | [{"loc": […], "msg": "…"}]} (FastAPI); other text is cut to a line.
func ErrorMessage(body []byte) string {
	var e struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
		Detail  json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(body, &e) != nil {
		return oneLine(string(body))
	}
	for _, raw := range []json.RawMessage{e.Error, e.Detail} {
		if m := words(raw); m != "" {
			return m
		}
	}
	if e.Message != "" {
		return e.Message
	}
	return oneLine(string(body))
}

func words(raw json.RawMessage) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var o struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(raw, &o) == nil && o.Message != "" {
		return o.Message
	}
	var list []struct {
		Loc []any  `json:"loc"`
		Msg string `json:"msg"`
	}
	if json.Unmarshal(raw, &list) == nil && len(list) > 0 {
		var out []string
		for _, l := range list {
			var where []string
			for _, p := range l.Loc {
				where = append(where, fmt.Sprint(p))
			}
			out = append(out, strings.Join(where, ".")+": "+l.Msg)
		}
		return strings.Join(out, "; ")
	}
	return oneLine(string(raw))
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}
