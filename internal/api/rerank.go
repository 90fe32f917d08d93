package api

import "github.com/goccy/go-json"

// rerank is Jina's, with Cohere's, vLLM's, SGLang's, TEI's and DashScope's compatible mode's replies: the bodies are the
// same.
var rerank = Dialect{
	Name: "openai_rerank", Op: "rerank", Base: "/v1", Path: "/rerank", Need: "query",
	also: []string{"/reranks"},
	input: func(in Input) (object, error) {
		if in.kind() != documentsIn {
			return nil, errKind
		}
		return object{{Key: "query", Value: raw(in.Query)}, {Key: "documents", Value: raw(in.Documents)}}, nil
	},
	place: places(nil),
	read:  readRerank,
}

// score is vLLM's: how well each text_2 answers text_1.
var score = Dialect{
	Name: "score", Op: "score", Path: "/score", Need: "text_1",
	input: func(in Input) (object, error) {
		if in.kind() != documentsIn {
			return nil, errKind
		}
		return object{{Key: "text_1", Value: raw(in.Query)}, {Key: "text_2", Value: raw(in.Documents)}}, nil
	},
	place: places(nil),
	read:  readRerank,
}

type ranks struct {
	Object  string            `json:"object"`
	Model   string            `json:"model"`
	Results []json.RawMessage `json:"results"`
	Data    []json.RawMessage `json:"data"` // of score
	Output  struct {
		Results []json.RawMessage `json:"results"`
	} `json:"output"` // of DashScope's own API
	Usage itemUsage `json:"usage"`
	Meta  struct {
		Tokens itemUsage `json:"tokens"`
	} `json:"meta"` // of Cohere
	Error json.RawMessage `json:"error"`
	Code  json.RawMessage `json:"code"` // of DashScope
}

// readRerank counts the results. SGLang and TEI answer with the bare list of them.
func readRerank(data []byte) (Event, error) {
	if len(data) > 0 && data[0] == '[' {
		var list []json.RawMessage
		if err := decode(data, &list); err != nil {
			return Event{}, err
		}
		return Event{Items: len(list)}, nil
	}
	var r ranks
	if err := decode(data, &r); err != nil {
		return Event{}, err
	}
	e := Event{Model: r.Model, Usage: r.Usage.usage(), Items: len(r.Results) + len(r.Data) + len(r.Output.Results)}
	if e.Usage == nil {
		e.Usage = r.Meta.Tokens.usage()
	}
	if e.Items == 0 || present(r.Error) || r.Object == "error" {
		e.Err = ErrorMessage(data)
	}
	return e, nil
}
