package api

// triton is the generate extension of NVIDIA's Triton server, with the parameters of its TensorRT-LLM backend.
var triton = Dialect{
	Name: "triton", Op: "generate", Path: "/v2/models/{model}/generate{_stream}", Need: "text_input", NoModel: true,
	NoFinish: true,
	input:    func(in Input) (object, error) { return prompt(in, "text_input", "", "") },
	place: places(map[string]string{
		"max_tokens": "max_tokens", "min_tokens": "min_tokens", "temperature": "temperature", "top_p": "top_p",
		"top_k":             "top_k",
		"frequency_penalty": "frequency_penalty", "presence_penalty": "presence_penalty",
		"repetition_penalty": "repetition_penalty", "seed": "random_seed", "stop": "stop_words[]", "stream": "stream",
	}),
	read: readTriton, times: anyTimes,
	probe: probing("text_input", probeText, "max_tokens", 1),
}

// readTriton reads the counts of each event, which models report if they are configured to.
func readTriton(v value) Event {
	e := Event{Model: v.at("model_name").string(), Content: v.at("text_output").text()}
	e.Usage = nonzero(Usage{Prompt: v.at("num_input_tokens").count(), Completion: v.at("num_output_tokens").count()})
	return e
}
