package api

// Usage is the server's count of a request's tokens so far. A count of 0 is unknown.
type Usage struct {
	Prompt, Completion, Total int
	Cached                    int  // of Prompt
	CacheKnown                bool // the server reports Cached, even if it is 0
	Reasoning                 int  // of Completion, or in addition to it
	Rejected                  int  // of Completion: predicted by the request and not streamed
}

// usage reads counts under the names that services use. It returns nil unless v is an object.
func (v value) usage() *Usage {
	if !v.isObject() {
		return nil
	}
	u := new(Usage)
	var input, output int
	v.each(func(key string, v value) {
		switch key {
		case "prompt_tokens", "promptTokens":
			v.into(&u.Prompt)
		case "completion_tokens", "completionTokens":
			v.into(&u.Completion)
		case "total_tokens", "totalTokens":
			v.into(&u.Total)
		case "input_tokens", "inputTokens":
			v.into(&input)
		case "output_tokens", "outputTokens":
			v.into(&output)
		case "cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens": // Moonshot, DeepSeek, LiteLLM
			u.cached(v)
		case "prompt_tokens_details", "input_tokens_details":
			u.cached(v.at("cached_tokens"))
		case "reasoning_tokens":
			v.into(&u.Reasoning)
		case "completion_tokens_details", "output_tokens_details":
			v.at("reasoning_tokens").into(&u.Reasoning)
			v.at("rejected_prediction_tokens").into(&u.Rejected)
		}
	})
	if u.Prompt == 0 {
		u.Prompt = input
	}
	if u.Completion == 0 {
		u.Completion = output
	}
	return u
}

// into sets a count if the value is a positive one.
func (v value) into(to *int) {
	if n := v.count(); n > 0 {
		*to = n
	}
}

func (u *Usage) cached(v value) {
	if n, ok := v.number(); ok {
		u.Cached, u.CacheKnown = max(u.Cached, n), true
	}
}

// itemUsage returns the usage of an answer without generated text, whose total is the prompt. It returns nil if there
// are no counts.
func (v value) itemUsage() *Usage {
	u := v.usage()
	if u == nil {
		return nil
	}
	if u.Prompt == 0 {
		u.Prompt = u.Total
	}
	if u.Prompt == 0 {
		return nil
	}
	return &Usage{Prompt: u.Prompt}
}

// nonzero returns nil if u has no counts.
func nonzero(u Usage) *Usage {
	if u.Prompt == 0 && u.Completion == 0 {
		return nil
	}
	return &u
}
