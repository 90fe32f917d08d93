package jsonl

import (
	stdjson "encoding/json"
	"strings"
	"testing"

	"github.com/goccy/go-json"
)

// The reason names no Go types.
func TestReason(t *testing.T) {
	type inner struct {
		Text string `json:"text"`
		N    int    `json:"n"`
	}
	type outer struct {
		List []inner           `json:"list"`
		Map  map[string]string `json:"map"`
	}
	for in, want := range map[string]string{
		`[1]`:                    "it is a list",
		`"x"`:                    "it is a string",
		`{"list":5}`:             "list is a number",
		`{"list":{}}`:            "list is an object",
		`{"map":[]}`:             "map is a list",
		`{"list":true}`:          "list is true or false",
		`{"list":[{"n":"a"}]}`:   "",
		`{"list":[{"n":1.5}]}`:   "",
		`{"list":[{"text":{}}]}`: "",
		`{"list":`:               "",
		`{"map":{"a":7}}`:        "",
	} {
		for name, unmarshal := range map[string]func([]byte, any) error{
			"go-json": func(b []byte, v any) error { return json.Unmarshal(b, v) }, "encoding/json": stdjson.Unmarshal,
		} {
			err := Reason(unmarshal([]byte(in), new(outer)))
			if err == nil {
				t.Errorf("%s, %s: no error", in, name)
				continue
			}
			got := err.Error()
			for _, word := range []string{"Go ", "struct", "jsonl", "outer", "inner", "json:", "[]"} {
				if strings.Contains(got, word) {
					t.Errorf("%s, %s: %s", in, name, got)
				}
			}
			if want != "" && got != want {
				t.Errorf("%s, %s: %s, want %s", in, name, got, want)
			}
		}
	}
}

// The reason for a number is that the member cannot hold it, not that it is a number.
func TestReasonOfNumbers(t *testing.T) {
	type counts struct {
		N    int    `json:"n"`
		Text string `json:"text"`
	}
	for in, want := range map[string]string{
		`{"n":1.5}`:  "n is no whole number, or too great a one",
		`{"n":1e30}`: "n is no whole number, or too great a one",
		`{"text":7}`: "text is a number",
	} {
		if err := Reason(stdjson.Unmarshal([]byte(in), new(counts))); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}
