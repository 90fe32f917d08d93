package api

import (
	"strings"

	"github.com/goccy/go-json"
)

// sglang is SGLang's own API.
var sglang = Dialect{
	Name: "sglang", Op: "generate", Path: "/generate", Need: "text", or: "input_ids", NoModel: true,
	input: func(in Input) (object, error) { return prompt(in, "text", "input_ids", "") },
	place: places(map[string]string{
		"stream": "stream", "logprobs": "return_logprob", "max_tokens": "sampling_params.max_new_tokens",
		"min_tokens": "sampling_params.min_new_tokens", "temperature": "sampling_params.temperature",
		"top_p": "sampling_params.top_p", "top_k": "sampling_params.top_k",
		"frequency_penalty": "sampling_params.frequency_penalty", "presence_penalty": "sampling_params.presence_penalty",
		"repetition_penalty": "sampling_params.repetition_penalty", "seed": "sampling_params.sampling_seed",
		"stop": "sampling_params.stop", "stop_token_ids": "sampling_params.stop_token_ids", "n": "sampling_params.n",
		"ignore_eos": "sampling_params.ignore_eos",
	}),
	read:   func(data []byte) (Event, error) { return new(sglangReader).read(data) },
	reader: func() func([]byte) (Event, error) { return new(sglangReader).read },
	grows:  true,
}

// sglangReader takes what is new out of texts that grow from event to event, for each choice; with --stream-output the
// server sends what is new itself.
type sglangReader struct{ before map[int]string }

type sglangEvent struct {
	Text   string `json:"text"`
	Index  int    `json:"index"`
	Object string `json:"object"`
	Meta   *struct {
		Finish json.RawMessage `json:"finish_reason"`
		Prompt int             `json:"prompt_tokens"`
		Output int             `json:"completion_tokens"`
		Cached int             `json:"cached_tokens"`
	} `json:"meta_info"`
	Error json.RawMessage `json:"error"`
}

func (s *sglangReader) read(data []byte) (Event, error) {
	if string(data) == "[DONE]" {
		return Event{Done: true}, nil
	}
	var e Event
	if len(data) == 0 || data[0] != '[' {
		err := s.one(&e, data)
		return e, err
	}
	var list []json.RawMessage // several choices in one reply
	if err := decode(data, &list); err != nil {
		return Event{}, err
	}
	sum := 0
	for _, one := range list {
		if err := new(sglangReader).one(&e, one); err != nil {
			return Event{}, err
		}
		if e.Usage != nil {
			sum += e.Usage.CompletionTokens
			e.Usage.CompletionTokens = sum
		}
	}
	return e, nil
}

func (s *sglangReader) one(e *Event, data []byte) error {
	var r sglangEvent
	if err := decode(data, &r); err != nil {
		return err
	}
	if s.before == nil {
		s.before = map[int]string{}
	}
	before := s.before[r.Index]
	if grown, ok := strings.CutPrefix(r.Text, before); ok {
		e.Content += grown
		s.before[r.Index] = r.Text
	} else {
		e.Content += r.Text
		s.before[r.Index] += r.Text
	}
	if m := r.Meta; m != nil {
		e.Usage = usage(m.Prompt, m.Output, m.Cached, 0)
		e.Finish, e.Err = finishReason(m.Finish)
	}
	if present(r.Error) || r.Object == "error" || r.Meta == nil {
		e.Err = ErrorMessage(data)
	}
	return nil
}

// finishReason is a word, or an object whose type is one; that of an abort has a message.
func finishReason(raw json.RawMessage) (word, err string) {
	if !present(raw) || json.Unmarshal(raw, &word) == nil {
		return word, ""
	}
	var o struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}
	if json.Unmarshal(raw, &o) != nil {
		return "", oneLine(string(raw))
	}
	if o.Type == "abort" {
		err = oneLine("aborted: " + o.Message)
	}
	return o.Type, err
}
