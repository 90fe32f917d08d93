package api

import (
	"strings"

	"github.com/tidwall/gjson"
)

// dashscope is the native API of Alibaba Cloud's Model Studio, whose compatible mode is OpenAI's.
var dashscope = Dialect{
	Name: "dashscope", Op: "chat", Ending: "finish_reason", Base: "/api/v1",
	Path: "/services/aigc/text-generation/generation", Need: "input",
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
		"stream": "parameters.incremental_output", // a header asks for a stream, this key for deltas
	}),
	read: readDashscope, times: anyTimes,
	growing: func() func(value) Event { return new(dashscopeReader).read },
	probe: probing("input.messages", probeMessages, "input.prompt", nil, "parameters.max_tokens", 1, "parameters.tools",
		nil),
}

// dashscopeRerank is the ranking of the same API. Its answers are like those of other services.
var dashscopeRerank = Dialect{
	Name: "dashscope", Op: "rerank", Base: "/api/v1", Path: "/services/rerank/text-rerank/text-rerank", Need: "input",
	shape: func(body []byte) bool { return gjson.GetBytes(body, "input.documents").Exists() },
	input: func(in Input) (object, error) {
		o, err := rerank.input(in)
		return object{{Key: "input", Value: o.json()}}, err
	},
	place: places(nil),
	read:  readRerank, times: itemTimes,
	probe: probeItems("input.query", "input.documents"),
	items: ranked,
}

func readDashscope(v value) Event {
	output := v.at("output")
	e := Event{Content: output.at("text").text()} // of result_format text
	e.finish(output.at("finish_reason"))
	e.each(output.at("choices"), func(_ int, c value) {
		if m := c.at("message"); m.isObject() {
			e.message(m)
		}
		e.finish(c.at("finish_reason"))
	})
	e.count(v.at("usage"))
	if !fine(v.at("code")) || message(v) != "" && !output.there() {
		e.Err = ErrorMessage(v.raw())
	}
	return e
}

// dashscopeReader reads a stream that only the header asked for. Then the text of each event contains that of those
// before, and the last event repeats it, unless the model always sends what is new.
type dashscopeReader struct {
	growth
	content, reasoning, tool grown
	calls                    []Call // so far, by index
}

func (d *dashscopeReader) read(v value) Event {
	e := readDashscope(v)
	tokens := 0
	if e.Usage != nil {
		tokens = e.Usage.Completion
	}
	last := e.Finish != ""
	e.Reasoning = d.news(&d.reasoning, e.Reasoning, tokens, last)
	e.Content = d.news(&d.content, e.Content, tokens, last)
	e.Tool = d.news(&d.tool, e.Tool, tokens, last)
	for i := range e.Calls {
		d.newsOf(&e.Calls[i])
	}
	return e
}

// newsOf reduces a tool call to what it adds to its pieces so far.
func (d *dashscopeReader) newsOf(c *Call) {
	for i := range d.calls {
		sum := &d.calls[i]
		if sum.Index != c.Index {
			continue
		}
		name, ok1 := strings.CutPrefix(c.Name, sum.Name)
		arguments, ok2 := strings.CutPrefix(c.Arguments, sum.Arguments)
		if ok1 && ok2 && !d.deltas {
			sum.Name, sum.Arguments = c.Name, c.Arguments
			c.Name, c.Arguments = name, arguments
		}
		return
	}
	d.calls = append(d.calls, *c)
}
