package api

import (
	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
)

// dashscope is the own API of Alibaba Cloud's Model Studio; its compatible mode is OpenAI's.
var dashscope = Dialect{
	Name: "dashscope", Op: "chat", Ending: "finish_reason", Base: "/api/v1", Path: "/services/aigc/text-generation/generation", Need: "input",
	also:          []string{"/services/aigc/multimodal-generation/generation"},
	StreamHeaders: map[string]string{"X-DashScope-SSE": "enable"}, streamKey: "parameters.incremental_output",
	shape: func(body []byte) bool {
		return gjson.GetBytes(body, "input.messages").Exists() || gjson.GetBytes(body, "input.prompt").Exists()
	},
	input: func(in Input) (object, error) {
		m, err := asMessages(in)
		return object{{Key: "input", Value: object{{Key: "messages", Value: m}}.json()},
			{Key: "parameters", Value: raw(map[string]string{"result_format": "message"})}}, err
	},
	place: places(map[string]string{
		"max_tokens": "parameters.max_tokens", "temperature": "parameters.temperature", "top_p": "parameters.top_p",
		"top_k": "parameters.top_k", "repetition_penalty": "parameters.repetition_penalty",
		"presence_penalty": "parameters.presence_penalty", "seed": "parameters.seed", "stop": "parameters.stop",
		"n": "parameters.n", "logprobs": "parameters.logprobs",
		"stream": "parameters.incremental_output", // a header asks for the stream, and this for deltas in it
	}),
	read: readDashscope,
}

// dashscopeRerank has an answer that readRerank knows.
var dashscopeRerank = Dialect{
	Name: "dashscope", Op: "rerank", Base: "/api/v1", Path: "/services/rerank/text-rerank/text-rerank", Need: "input",
	shape: func(body []byte) bool { return gjson.GetBytes(body, "input.documents").Exists() },
	input: func(in Input) (object, error) {
		o, err := rerank.input(in)
		return object{{Key: "input", Value: o.json()}}, err
	},
	place: places(nil),
	read:  readRerank,
}

func readDashscope(data []byte) (Event, error) {
	var r struct {
		Output struct {
			Text    string `json:"text"` // of result_format text
			Finish  string `json:"finish_reason"`
			Choices []struct {
				Message message `json:"message"`
				Finish  string  `json:"finish_reason"`
			} `json:"choices"`
		} `json:"output"`
		Usage *struct {
			Input         int `json:"input_tokens"`
			Output        int `json:"output_tokens"`
			PromptDetails struct {
				Cached int `json:"cached_tokens"`
			} `json:"prompt_tokens_details"`
			OutputDetails struct {
				Reasoning int `json:"reasoning_tokens"`
			} `json:"output_tokens_details"`
		} `json:"usage"`
		Code    string          `json:"code"`
		Message json.RawMessage `json:"message"`
	}
	if err := decode(data, &r); err != nil {
		return Event{}, err
	}
	e := Event{Content: r.Output.Text}
	e.finish(r.Output.Finish)
	for i := range r.Output.Choices {
		e.add(&r.Output.Choices[i].Message)
		e.finish(r.Output.Choices[i].Finish)
	}
	if u := r.Usage; u != nil {
		e.Usage = usage(u.Input, u.Output, u.PromptDetails.Cached, u.OutputDetails.Reasoning)
	}
	if r.Code != "" || present(r.Message) {
		e.Err = ErrorMessage(data)
	}
	return e, nil
}

// finish leaves out the word null, which says that there is more to come.
func (e *Event) finish(reason string) {
	if reason != "" && reason != "null" {
		e.Finish = reason
	}
}
