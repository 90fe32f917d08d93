package body

import (
	"encoding/json"
	"testing"

	"perfpipe/internal/api"
	"perfpipe/internal/request"
)

// The system prompt of a conversation is in each of its requests, if the API has it beside the messages.
func TestSystemPrompt(t *testing.T) {
	const (
		first  = `[{"role":"system","content":"s"},{"role":"user","content":"a"}]`
		second = `[{"role":"user","content":"b"}]`
		third  = `[{"role":"user","content":"c"},{"role":"system","content":"t"}]`
	)
	in := func(messages string) Item { return Item{In: &api.Input{Messages: json.RawMessage(messages)}} }
	for _, c := range []struct {
		api  string
		want []string
	}{
		{"anthropic", []string{`{"system":"s","messages":[{"role":"user","content":"a"}]}`,
			`{"system":"s","messages":[{"role":"user","content":"b"}]}`,
			`{"system":"s\n\nt","messages":[{"role":"user","content":"c"}]}`}},
		{"openai", []string{`{"messages":` + first + `}`, `{"messages":` + second + `}`, `{"messages":` + third + `}`}},
	} {
		s := &Shape{API: c.api}
		if err := s.Compile(); err != nil {
			t.Fatal(err)
		}
		talk := Item{Turns: []Turn{{Item: in(first)}, {Item: in(second)}, {Item: in(third)}}}
		r, _, err := s.Request(nil, 0, &talk)
		if err != nil || len(r.Turns) != 3 {
			t.Fatalf("%s: %v, %v", c.api, r, err)
		}
		for k, turn := range r.Turns {
			if string(turn.Body) != c.want[k] {
				t.Errorf("%s, turn %d: %s, want %s", c.api, k, turn.Body, c.want[k])
			}
		}
		for k, messages := range []string{first, second, third} {
			it := in(messages)
			it.Line = request.Request{Session: "x", ID: string(rune('0' + k))}
			if k > 0 {
				it.Line.History = string(rune('0' + k - 1))
			}
			if r, _, err := s.Request(nil, 0, &it); err != nil || string(r.Body) != c.want[k] {
				t.Errorf("%s, call %d: %s, %v, want %s", c.api, k, r.Body, err, c.want[k])
			}
		}
		alone := in(second)
		alone.Line = request.Request{Session: "y", ID: "1"}
		if r, _, err := s.Request(nil, 0, &alone); err != nil || string(r.Body) != `{"messages":`+second+`}` {
			t.Errorf("%s, of another session: %s, %v", c.api, r.Body, err)
		}
	}
}

// So it is if the conversation is of bodies of OpenAI's API, of which only the first one shows that.
func TestSystemPromptOfBodies(t *testing.T) {
	const (
		first  = `{"messages":[{"role":"system","content":"s"},{"role":"user","content":"a"}]}`
		second = `{"messages":[{"role":"user","content":"b"}]}`
		want   = `{"system":"s","messages":[{"role":"user","content":"b"}]}`
	)
	of := func(text string) Item { return Item{Body: json.RawMessage(text)} }
	s := &Shape{API: "anthropic", Say: func(string, ...any) {}}
	if err := s.Compile(); err != nil {
		t.Fatal(err)
	}
	r, _, err := s.Request(nil, 0, &Item{Turns: []Turn{{Item: of(first)}, {Item: of(second)}, {Item: of(second)}}})
	if err != nil || len(r.Turns) != 3 || string(r.Turns[1].Body) != want || string(r.Turns[2].Body) != want {
		t.Errorf("turns: %v, %v", r, err)
	}
	for k, c := range []struct{ id, history, body, want string }{
		{"0", "", first, `{"system":"s","messages":[{"role":"user","content":"a"}]}`},
		{"1", "0", second, want},
		{"2", "1", second, want},
		{"3", "", second, second},
	} {
		it := of(c.body)
		it.Line = request.Request{Session: "x", ID: c.id, History: c.history}
		if r, _, err := s.Request(nil, 0, &it); err != nil || string(r.Body) != c.want {
			t.Errorf("call %d: %s, %v, want %s", k, r.Body, err, c.want)
		}
	}
}
