package api

import "github.com/goccy/go-json"

// chat and completion are OpenAI's, as vLLM, SGLang, llama-server, TGI, transformers and most services have them.
var chat = Dialect{
	Name: "openai", Op: "chat", Base: "/v1", Path: "/chat/completions", Need: "messages",
	input: func(in Input) (object, error) {
		m, err := asMessages(in)
		return object{{Key: "messages", Value: m}}, err
	},
	read: readChat,
}

var completion = Dialect{
	Name: "openai", Op: "completion", Base: "/v1", Path: "/completions", Need: "prompt",
	input: func(in Input) (object, error) { return prompt(in, "prompt", "prompt", "prompt") },
	read:  readChat,
}

// asMessages takes a text for one message of the user.
func asMessages(in Input) (json.RawMessage, error) {
	switch in.kind() {
	case messagesIn:
		return in.Messages, nil
	case textIn:
		m := object{{Key: "role", Value: raw("user")}, {Key: "content", Value: raw(in.Text)}}
		return raw([]json.RawMessage{m.json()}), nil
	}
	return nil, errKind
}

type message struct {
	Content          text   `json:"content"`
	Reasoning        string `json:"reasoning"`
	ReasoningContent string `json:"reasoning_content"`
	Thinking         string `json:"thinking"` // Ollama's
	ReasoningDetails []struct {
		Text    string `json:"text"`
		Summary string `json:"summary"`
	} `json:"reasoning_details"`
	Refusal   string `json:"refusal"`
	ToolCalls []struct {
		Index    *int     `json:"index"`
		ID       string   `json:"id"`
		Function function `json:"function"`
	} `json:"tool_calls"`
	FunctionCall *function `json:"function_call"` // what tool calls were before there could be several
}

type function struct {
	Name      string    `json:"name"`
	Arguments arguments `json:"arguments"`
}

// arguments is a string of JSON, or, as in Ollama's, the JSON itself.
type arguments string

func (a *arguments) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		*a = arguments(b)
		return nil
	}
	return json.Unmarshal(b, (*string)(a))
}

type chunk struct {
	Object  string `json:"object"`
	Model   string `json:"model"`
	Choices []struct {
		Delta        message `json:"delta"`
		Message      message `json:"message"`
		Text         string  `json:"text"`
		FinishReason string  `json:"finish_reason"`
		Usage        *Usage  `json:"usage"` // Moonshot's place for it
	} `json:"choices"`
	Usage *Usage          `json:"usage"`
	Error json.RawMessage `json:"error"`
}

// readChat reads chunks and whole replies of both: they differ only in delta against message against text. All choices
// count.
func readChat(data []byte) (Event, error) {
	if string(data) == "[DONE]" {
		return Event{Done: true}, nil
	}
	if e, ok := scanChat(data); ok {
		return e, nil
	}
	return decodeChat(data)
}

func decodeChat(data []byte) (Event, error) {
	var c chunk
	if err := decode(data, &c); err != nil {
		return Event{}, err
	}
	e := Event{Model: c.Model, Usage: c.Usage}
	if present(c.Error) || c.Object == "error" {
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
		if e.Usage == nil {
			e.Usage = ch.Usage
		}
	}
	return e, nil
}

func (e *Event) add(m *message) {
	e.Content += string(m.Content) + m.Refusal
	switch {
	case m.Reasoning != "": // servers that write several of them write the same
		e.Reasoning += m.Reasoning
	case m.ReasoningContent != "":
		e.Reasoning += m.ReasoningContent
	case m.Thinking != "":
		e.Reasoning += m.Thinking
	default:
		for _, d := range m.ReasoningDetails {
			e.Reasoning += d.Text + d.Summary
		}
	}
	for i, t := range m.ToolCalls {
		if t.Index != nil {
			i = *t.Index
		}
		e.call(Call{i, t.ID, t.Function.Name, string(t.Function.Arguments)})
	}
	if f := m.FunctionCall; f != nil {
		e.call(Call{Name: f.Name, Arguments: string(f.Arguments)})
	}
}
