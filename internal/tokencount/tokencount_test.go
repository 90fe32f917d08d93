package tokencount

import (
	"errors"
	"fmt"
	"testing"

	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

// letters is a tokenizer with a token for each byte.
type letters struct{}

func (letters) Name() string             { return "letters" }
func (letters) Encode(text string) []int { return make([]int, len(text)) }
func (letters) Decode([]int) string      { return "" }

func TestCounter(t *testing.T) {
	for _, c := range []struct {
		rec  record.Record
		body string
		want string
	}{
		{record.Record{OK: true, Output: "abc"}, `{"prompt":"ab"}`, "2 3 tokenizer"},
		{record.Record{OK: true, Output: "abc"}, `{"prompt":[1,2,3]}`, "3 3 tokenizer"},
		{record.Record{OK: true, Output: "a"},
			`{"messages":[{"content":"ab"},{"content":[{"text":"c"},{"type":"image"}]}]}`, "3 1 tokenizer"},
		{record.Record{OK: true, Output: "abc", TokensFrom: "usage", CompletionTokens: 7}, "", "0 7 usage"},
		{record.Record{Output: "abc"}, "", "0 0 "},
	} {
		got := ""
		counter := Start(letters{}, false, func(r *load.Record) error {
			got = fmt.Sprint(r.PromptTokens, r.CompletionTokens, " ", r.TokensFrom, r.Output)
			return errors.New("full")
		})
		counter.Add(&load.Record{
			Record: c.rec, Sent: load.NewRequest(request.Request{Body: []byte(c.body)}),
		})
		if err := counter.Close(); err == nil || err.Error() != "full" || got != c.want {
			t.Errorf("got %s, %v, want %s", got, err, c.want)
		}
	}
}
