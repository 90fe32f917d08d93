package api

import "github.com/goccy/go-json"

// triton is the generate extension of NVIDIA's Triton server, with the names of its TensorRT-LLM backend.
var triton = Dialect{
	Name: "triton", Op: "generate", Path: "/v2/models/{model}/generate{_stream}", Need: "text_input", NoModel: true, NoFinish: true,
	input: func(in Input) (object, error) { return prompt(in, "text_input", "", "") },
	place: places(map[string]string{
		"max_tokens": "max_tokens", "min_tokens": "min_tokens", "temperature": "temperature", "top_p": "top_p", "top_k": "top_k",
		"frequency_penalty": "frequency_penalty", "presence_penalty": "presence_penalty",
		"repetition_penalty": "repetition_penalty", "seed": "random_seed", "stop": "stop_words[]", "stream": "stream",
	}),
	read: readTriton,
}

// readTriton finds no counts: the server says none.
func readTriton(data []byte) (Event, error) {
	var r struct {
		Model string          `json:"model_name"`
		Text  *text           `json:"text_output"`
		Error json.RawMessage `json:"error"`
	}
	if err := decode(data, &r); err != nil {
		return Event{}, err
	}
	e := Event{Model: r.Model}
	if r.Text != nil {
		e.Content = string(*r.Text)
	}
	if present(r.Error) {
		e.Err = ErrorMessage(data)
	}
	return e, nil
}
