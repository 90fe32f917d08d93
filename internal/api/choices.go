package api

import "github.com/tidwall/gjson"

// Several reports whether a body asks for several answers in one: several choices, or one for each of a list of
// prompts.
func Several(body []byte) bool {
	for _, v := range gjson.GetManyBytes(body, "n", "sampling_params.n", "parameters.n", "options.n", "candidate_count",
		"generationConfig.candidateCount") {
		if v.Int() > 1 {
			return true
		}
	}
	for _, v := range gjson.GetManyBytes(body, "prompt", "text", "input_ids") {
		if items(v) > 1 {
			return true
		}
	}
	return false
}
