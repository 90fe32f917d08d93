package api

import (
	"encoding/base64"
	"fmt"

	"github.com/goccy/go-json"
)

// embedding is OpenAI's, as vLLM, SGLang, TEI and DashScope's compatible mode have it.
var embedding = Dialect{
	Name: "openai_embedding", Op: "embedding", Base: "/v1", Path: "/embeddings", Need: "input",
	shape: func(body []byte) bool {
		return !responses.shape(body) && !dashscope.shape(body) && !dashscopeRerank.shape(body)
	},
	input: func(in Input) (object, error) { return prompt(in, "input", "input", "input") },
	place: places(nil),
	read:  readEmbedding,
}

// readEmbedding counts the vectors, which are lists of numbers or, where base64 was asked for, text of four bytes each.
func readEmbedding(data []byte) (Event, error) {
	var r struct {
		Object string `json:"object"`
		Model  string `json:"model"`
		Data   []struct {
			Embedding json.RawMessage `json:"embedding"`
		} `json:"data"`
		Usage itemUsage       `json:"usage"`
		Error json.RawMessage `json:"error"`
	}
	if err := decode(data, &r); err != nil {
		return Event{}, err
	}
	e := Event{Model: r.Model, Usage: r.Usage.usage(), Items: len(r.Data)}
	if present(r.Error) || r.Object == "error" || r.Data == nil {
		e.Err = ErrorMessage(data)
	}
	for i, d := range r.Data {
		if err := checkVector(d.Embedding); err != nil {
			return Event{}, fmt.Errorf("data[%d].embedding %w", i, err)
		}
	}
	return e, nil
}

// checkVector says why a value is no embedding. Of a list only the ends are looked at: the client has better to do than
// to read a million digits.
func checkVector(v json.RawMessage) error {
	if len(v) >= 2 && v[0] == '"' {
		n, err := base64.StdEncoding.Decode(make([]byte, base64.StdEncoding.DecodedLen(len(v))), v[1:len(v)-1])
		if err != nil || n == 0 || n%4 != 0 {
			return fmt.Errorf("is no base64 of 32-bit numbers: %.40q", v)
		}
		return nil
	}
	if len(v) < 3 || v[0] != '[' {
		return fmt.Errorf("is neither a list of numbers nor base64: %.40q", v)
	}
	return nil
}

// itemUsage is the usage of an answer without generated text, under the names of all the services.
type itemUsage struct {
	Prompt int `json:"prompt_tokens"`
	Input  int `json:"input_tokens"`
	Total  int `json:"total_tokens"`
}

// usage is nil where the server gave none.
func (u itemUsage) usage() *Usage {
	for _, n := range []int{u.Prompt, u.Input, u.Total} {
		if n > 0 {
			return usage(n, 0, 0, 0)
		}
	}
	return nil
}
