package body

import (
	"encoding/json"
	"testing"

	"perfpipe/internal/api"
)

// TestPrecedence: typed flags go above the data, the data above the template, and defaults fill what is missing.
func TestPrecedence(t *testing.T) {
	params := func(typed bool) []Param {
		return []Param{
			{api.Param{Key: "stream", Value: json.RawMessage("true")}, false},
			{api.Param{Key: "max_tokens"}, typed},
			{api.Param{Key: "temperature", Value: json.RawMessage("0")}, typed},
		}
	}
	template := json.RawMessage(`{"temperature":1,"messages":[{"role":"user","content":"<%p>"}],"x":[1]}`)
	own := []api.Param{{Key: "max_tokens", Value: json.RawMessage("7")},
		{Key: "ignore_eos", Value: json.RawMessage("true")}}
	text := []byte(`a\n`)
	messages := &api.Input{Messages: json.RawMessage(`[{"role":"user","content":"b"}]`)}
	body := json.RawMessage(`{"prompt":"c","temperature":2,"max_completion_tokens":1}`)
	for _, c := range []struct {
		name     string
		it       Item
		template json.RawMessage
		typed    bool
		want     string
	}{
		{"text", Item{Text: text}, nil, false, `{"messages":[{"role":"user","content":"a\n"}],"stream":true,` +
			`"max_tokens":5,"temperature":0}`},
		{"text and its own", Item{Text: text, Own: own}, nil, false,
			`{"messages":[{"role":"user","content":"a\n"}],"stream":true,"max_tokens":7,"temperature":0,"ignore_eos":true}`},
		{"typed above its own", Item{Text: text, Own: own}, nil, true,
			`{"messages":[{"role":"user","content":"a\n"}],"stream":true,"max_tokens":5,"temperature":0,"ignore_eos":true}`},
		{"template", Item{Text: text}, template, false,
			`{"temperature":1,"messages":[{"role":"user","content":"<a\n>"}],"x":[1],"stream":true,"max_tokens":5}`},
		{"typed above template", Item{Text: text}, template, true,
			`{"temperature":0,"messages":[{"role":"user","content":"<a\n>"}],"x":[1],"stream":true,"max_tokens":5}`},
		{"messages in template", Item{In: messages}, template, false,
			`{"temperature":1,"messages":[{"role":"user","content":"b"}],"x":[1],"stream":true,"max_tokens":5}`},
		{"template without %p", Item{Text: text}, json.RawMessage(`{"y":1}`), false,
			`{"y":1,"messages":[{"role":"user","content":"a\n"}],"stream":true,"max_tokens":5,"temperature":0}`},
		{"body", Item{Body: body}, nil, false, `{"prompt":"c","temperature":2,"max_completion_tokens":1,"stream":true}`},
		{"typed above body", Item{Body: body}, nil, true,
			`{"prompt":"c","temperature":0,"max_completion_tokens":5,"stream":true}`},
		{"captured", Item{Body: body, Bare: true}, nil, false, string(body)},
		{"typed above captured", Item{Body: body, Bare: true}, nil, true,
			`{"prompt":"c","temperature":0,"max_completion_tokens":5}`},
	} {
		s := &Shape{Params: params(c.typed), MaxTokens: []int{5}, Template: c.template}
		if err := s.Compile(); err != nil {
			t.Fatal(err)
		}
		if got, err := s.append(nil, 0, &c.it); err != nil || string(got) != c.want {
			t.Errorf("%s: %v\n got %s\nwant %s", c.name, err, got, c.want)
		}
	}
}

func TestUniquePrefix(t *testing.T) {
	s := &Shape{UniquePrefix: true}
	if err := s.Compile(); err != nil {
		t.Fatal(err)
	}
	words := string(s.unique(nil, 3))
	for _, c := range []struct {
		it   Item
		want string
	}{
		{Item{Text: []byte("a")}, `{"messages":[{"role":"user","content":"` + words + ` a"}]}`},
		{Item{Body: json.RawMessage(`{"prompt":"a"}`)}, `{"prompt":"` + words + ` a"}`},
		{Item{Body: json.RawMessage(`{"messages":[{"content":[{"type":"image_url"},{"text":"a"}]}]}`)},
			`{"messages":[{"content":[{"type":"image_url"},{"text":"` + words + ` a"}]}]}`},
		{Item{Body: json.RawMessage(`{"prompt":[1,2]}`)}, `{"prompt":[1,2]}`},
	} {
		if got, err := s.append(nil, 3, &c.it); err != nil || string(got) != c.want {
			t.Errorf("%v\n got %s\nwant %s", err, got, c.want)
		}
	}
}
