package client

import (
	"fmt"
	"strings"
	"testing"
)

func TestUsage(t *testing.T) {
	with := func(usage string) []string {
		list := words(5)
		for i := range list {
			list[i] = strings.TrimSuffix(list[i], "}") + `,"usage":` + usage + "}"
		}
		return list
	}
	each := func(format string, n ...any) []string {
		list := words(len(n))
		for i := range list {
			list[i] = strings.TrimSuffix(list[i], "}") + `,"usage":` + fmt.Sprintf(format, n[i]) + "}"
		}
		return list
	}
	const none = "60[20000 20000 20000 20000] n=0"
	for name, c := range map[string]struct {
		pieces []piece
		want   string
	}{
		"zeros": {chatOf(`{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}`,
			with(`{"prompt_tokens":0,"completion_tokens":0}`)...), none},
		"an empty object": {chatOf(`{}`, words(5)...), none},
		"the total alone": {chatOf(`{"total_tokens":12}`, words(5)...), none},
		"the prompt alone": {chatOf(`{"prompt_tokens":7,"total_tokens":7,"completion_tokens":0}`, words(5)...),
			none},
		"null":               {chatOf(`null`, with(`null`)...), none},
		"a list":             {chatOf(five, with(`[]`)...), good},
		"zeros, then counts": {chatOf(five, with(`{"prompt_tokens":0,"completion_tokens":0}`)...), good},
		"counts, then zeros": {chatOf(`{"prompt_tokens":0,"completion_tokens":0}`,
			append(words(4), with(five)[4])...), good},
		"the prompt in each": {chatOf(five, with(`{"prompt_tokens":7,"total_tokens":7,"completion_tokens":0}`)...),
			good},
		"texts and floats": {chatOf(`{"prompt_tokens":"7","completion_tokens":5.0,"total_tokens":1.2e1}`,
			words(5)...), good},
		"other names": {chatOf(`{"input_tokens":7,"output_tokens":5}`, words(5)...), good},
		"camels":      {chatOf(`{"promptTokens":7,"completionTokens":5}`, words(5)...), good},
		"Groq": {every(append(datas(words(5)...), strings.Join(datas(strings.TrimSuffix(stopped, "}")+
			`,"x_groq":{"usage":`+five+`}}`, "[DONE]"), ""))...), good},
		"Moonshot": {every(append(datas(words(5)...),
			strings.Join(datas(strings.TrimSuffix(stopped, "}]}")+`,"usage":`+five+`}]}`, "[DONE]"), ""))...), good},
		"so far in each": {chatOf(`{"prompt_tokens":7,"completion_tokens":15}`,
			each(`{"prompt_tokens":7,"completion_tokens":%d}`, 3, 6, 9, 12, 15)...),
			"60[20000 20000 20000 20000] n=15 of [3 3 3 3 3] tpot=5.714286"},
		"the end is a token": {chatOf(`{"prompt_tokens":7,"completion_tokens":6}`,
			each(`{"prompt_tokens":7,"completion_tokens":%d}`, 1, 2, 3, 4, 5)...),
			"60[20000 20000 20000 20000] n=6 of [1 1 1 1 1] tpot=16"},
		"each its own": {chatOf(`{"prompt_tokens":7,"completion_tokens":9}`,
			each(`{"prompt_tokens":7,"completion_tokens":%d}`, 3, 1, 2, 1, 2)...),
			"60[20000 20000 20000 20000] n=9 of [3 1 2 1 2] tpot=10"},
		"each its own, no sum": {every(append(datas(with(`{"prompt_tokens":7,"completion_tokens":1}`)...),
			datas(stopped, "[DONE]")...)...), "60[20000 20000 20000 20000] n=5 of [1 1 1 1 1] tpot=20"},
		"the whole in each, or each its own": {every(append(datas(with(five)...), datas(stopped, "[DONE]")...)...), none},
		"one in each of two, or in all": {every(datas(append(each(`{"completion_tokens":%d}`, 1, 1), stopped,
			"[DONE]")...)...), "60[20000] n=0"},
		"one in each of two, and the sum": {chatOf(`{"completion_tokens":2}`,
			each(`{"completion_tokens":%d}`, 1, 1)...), "60[20000] n=2 of [1 1] tpot=20"},
		"they do not add up": {chatOf(`{"prompt_tokens":7,"completion_tokens":40}`,
			each(`{"prompt_tokens":7,"completion_tokens":%d}`, 1, 2, 3, 4, 5)...),
			"60[20000 20000 20000 20000] n=40 tpot=2.051282"},
		"of two choices, each's": {chatOf(`{"prompt_tokens":7,"completion_tokens":6}`,
			each(`{"prompt_tokens":7,"completion_tokens":%d}`, 1, 1, 2, 2, 3, 3)...),
			"60[20000 20000 20000 20000 20000] n=6 tpot=20"},
	} {
		a := answer{pieces: c.pieces}
		rec := a.play(t)
		if got := timing(rec); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
		if known := rec.CompletionTokens > 0; known != (rec.TokensFrom == "usage") {
			t.Errorf("%s: tokens from %q", name, rec.TokensFrom)
		}
	}
}
