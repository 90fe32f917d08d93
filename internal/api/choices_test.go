package api

import "testing"

func TestSeveral(t *testing.T) {
	for body, want := range map[string]bool{
		`{"messages":[{"role":"user","content":"a"}]}`:              false,
		`{"n":1,"prompt":"a"}`:                                      false,
		`{"n":2,"messages":[]}`:                                     true,
		`{"prompt":["a"]}`:                                          false,
		`{"prompt":["a","b"]}`:                                      true,
		`{"prompt":[1,2,3]}`:                                        false,
		`{"prompt":[[1,2],[3]]}`:                                    true,
		`{"text":"a","sampling_params":{"n":2}}`:                    true,
		`{"text":["a","b"]}`:                                        true,
		`{"input_ids":[1,2]}`:                                       false,
		`{"input_ids":[[1],[2]]}`:                                   true,
		`{"input":{"messages":[]},"parameters":{"n":3}}`:            true,
		`{"contents":[],"generationConfig":{"candidateCount":2}}`:   true,
		`{"contents":[],"generationConfig":{"maxOutputTokens":20}}`: false,
	} {
		if got := Several([]byte(body)); got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
}
