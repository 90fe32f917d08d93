package api

import (
	"fmt"

	"github.com/goccy/go-json"

	"llmperf/internal/jsonl"
)

// Event is what one event of a stream, or a whole reply, carries.
type Event struct {
	Content, Reasoning, Tool string // generated output by kind; a refusal is content
	Calls                    []Call // what Tool is made of, where the API says it piece by piece
	Items                    int    // embeddings, or documents ranked
	Model, Finish            string
	Usage                    *Usage
	Err                      string // an error object in the reply, in plain words
	Done                     bool   // the last event of its stream, such as [DONE]
}

// Call is a piece of a tool call: of those with one Index the arguments are to be joined.
type Call struct {
	Index               int
	ID, Name, Arguments string
}

// Output says whether the event carries output.
func (e *Event) Output() bool {
	return e.Content != "" || e.Reasoning != "" || e.Tool != "" || e.Items > 0
}

func (e *Event) call(c Call) {
	e.Tool += c.Name + c.Arguments
	e.Calls = append(e.Calls, c)
}

// Usage is the server's own count of tokens, of the whole request so far.
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

// usage makes a Usage; cached and reasoning are left out where they are 0.
func usage(prompt, completion, cached, reasoning int) *Usage {
	u := &Usage{PromptTokens: prompt, CompletionTokens: completion}
	if cached > 0 {
		u.PromptDetails = &struct {
			Cached int `json:"cached_tokens"`
		}{cached}
	}
	if reasoning > 0 {
		u.CompletionDetails = &struct {
			Reasoning int `json:"reasoning_tokens"`
		}{reasoning}
	}
	return u
}

// decode reads JSON into v.
func decode(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	switch {
	case err == nil:
		return nil
	case len(data) > 0 && data[0] == '<':
		return fmt.Errorf("not a JSON answer but a page: %s", page(string(data)))
	}
	return fmt.Errorf("not a JSON answer (%w): %.80q", jsonl.Reason(err), data)
}

// present says whether a raw value is there and not null.
func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// text is a string, or a list of strings and of parts with a text in them.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '[' {
		return json.Unmarshal(b, (*string)(t))
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	for _, p := range parts {
		var one struct {
			Text string `json:"text"`
		}
		to := any(&one.Text)
		if len(p) > 0 && p[0] == '{' {
			to = &one
		}
		if err := json.Unmarshal(p, to); err != nil {
			return err
		}
		*t += text(one.Text)
	}
	return nil
}
