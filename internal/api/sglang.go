package api

// sglang is SGLang's own API.
var sglang = Dialect{
	Name: "sglang", Op: "generate", Path: "/generate", Need: "text", or: []string{"input_ids"}, NoModel: true,
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
	read:   func(v value) Event { return new(sglangReader).read(v) },
	reader: func() func(value) Event { return new(sglangReader).read },
	grows:  true,
	times:  sglangTimes,
	probe: probing("input_ids", nil, "text", probeText, "sampling_params.max_new_tokens", 1,
		"sampling_params.min_new_tokens", nil),
}

// sglangReader extracts what is new from texts that grow from event to event, for each choice. A server that was
// started with --stream-output sends only what is new.
type sglangReader struct {
	growth
	choices []sglangChoice
}

type sglangChoice struct {
	grown
	open bool // it has output and no finish reason
}

func (s *sglangReader) read(v value) Event {
	var e Event
	if v.isList() { // several choices in one reply
		e.each(v, func(i int, v value) { s.one(&e, i, v) })
		return e
	}
	s.one(&e, 0, v)
	return e
}

func (s *sglangReader) one(e *Event, i int, v value) {
	var text, meta value
	v.each(func(key string, v value) {
		switch key {
		case "index":
			if n, ok := v.number(); ok && n < 1<<16 {
				i = n
			}
		case "text":
			text = v
		case "meta_info":
			meta = v
		}
	})
	for len(s.choices) <= i {
		s.choices = append(s.choices, sglangChoice{})
	}
	var u Usage
	var finish value
	meta.each(func(key string, v value) {
		switch key {
		case "finish_reason":
			finish = v
		case "completion_tokens":
			u.Completion = v.count()
		case "prompt_tokens":
			u.Prompt = v.count()
		case "cached_tokens":
			u.cached(v)
		case "reasoning_tokens":
			u.Reasoning = v.count()
		}
	})
	e.finish(finish)
	news := s.news(&s.choices[i].grown, text.string(), u.Completion, finish.there())
	e.Content += news
	e.Several = e.Several || s.overlaps(i, news != "", finish.there())
	if !meta.isObject() {
		if v.isObject() {
			e.Err = ErrorMessage(v.raw())
		}
		return
	}
	u.Completion = 0
	for i := range s.choices {
		u.Completion += s.choices[i].tokens
	}
	e.Usage = &u
}

// overlaps reports whether choice i has output while another continues. last reports that it ends.
func (s *sglangReader) overlaps(i int, output, last bool) (overlap bool) {
	for k := range s.choices {
		overlap = overlap || output && k != i && s.choices[k].open
	}
	c := &s.choices[i]
	c.open = (c.open || output) && !last
	return overlap
}
