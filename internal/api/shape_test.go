package api

import (
	"fmt"
	"reflect"
	"testing"
)

var chunks = []string{
	`{"id":"c-1","choices":[{"index":0,"delta":{"content":"c-1"},"logprobs":null,"finish_reason":null}]}`,
	`{"id":"x","choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}`,
	`{"id":"x","choices":[{"index":0,"text":"abc","finish_reason":null}],"usage":null}`,
	`{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"abc"}}]}}]}`,
	`{"choices":[{"delta":{"content":"a\nb"}}]}`,
	`{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}`,
	`{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":1}}`,
	`{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"a"}}]}`,
	`{"choices":[{"delta":{"content":""}}]}`,
	`{"error":"a"}`,
}

func TestShapeIsLearntWhereOnlyATextDiffers(t *testing.T) {
	for i, data := range chunks {
		d := chat
		e, err := d.Read([]byte(data))
		if err != nil {
			t.Fatal(err)
		}
		s, ok := d.Learn([]byte(data), e)
		if want := i < 3; ok != want {
			t.Errorf("%s: learnt %v", data, ok)
		}
		m := chat.Memo()
		m.Read([]byte(data))
		var known Event
		if b := []byte(data); m.Match(b, &known, new(Usage)) {
			if matched, fits := m.LearnMatched(b, &known); fits != ok || !sameShape(matched, s) {
				t.Errorf("%s: matched %v %+v, want %v %+v", data, fits, matched, ok, s)
			}
		} else if i < 3 {
			t.Errorf("%s: not cached", data)
		}
		if !ok {
			continue
		}
		text, kind, ok := s.Match([]byte(data))
		if !ok || string(text) != *e.texts()[kind-1] {
			t.Errorf("%s: %q", data, text)
		}
	}
}

// sameShape compares two shapes by how they are printed, because functions cannot be compared otherwise.
func sameShape(a, b Shape) bool { return fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b) }

// An event that matches a shape decodes to the text of the match.
func FuzzShape(f *testing.F) {
	for _, a := range chunks {
		for _, b := range chunks {
			f.Add(a, b)
		}
	}
	f.Add(`{"choices":[{"delta":{"content":"x"}}]}`, `{"choices":[{"delta":{"content":"x","role":"y"}}]}`)
	f.Fuzz(func(t *testing.T, first, second string) {
		for _, d := range []Dialect{chat, completion, anthropic, responses, ollamaChat} {
			e, err := d.Read([]byte(first))
			if err != nil {
				continue
			}
			s, ok := d.Learn([]byte(first), e)
			if !ok {
				continue
			}
			text, kind, ok := s.Match([]byte(second))
			if !ok {
				continue
			}
			want := e
			*want.texts()[kind-1] = string(text)
			got, err := d.Read([]byte(second))
			if err != nil {
				t.Fatalf("%s: %q matches the shape of %q, but cannot be read: %v", d.Name, second, first, err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %q after %q:\n got %+v\nwant %+v", d.Name, second, first, got, want)
			}
		}
	})
}
