package jsonl

import (
	"testing"

	"github.com/goccy/go-json"
)

// pair is an object of two members.
type pair [2]struct {
	key   string
	value any
}

func (p pair) MarshalJSON() ([]byte, error) {
	return Object(len(p), func(i int) (string, any) { return p[i].key, p[i].value })
}

func TestObject(t *testing.T) {
	p := pair{{"b", json.RawMessage("1.0")}, {"a\"\x7f", pair{{"<z>", []string{"y"}}, {"", nil}}}}
	const want = `{"b":1.0,"a\"` + "\x7f" + `":{"<z>":["y"],"":null}}`
	if got, err := p.MarshalJSON(); err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	if got, err := json.Marshal(pair{{"<", "<"}, {"x", 1}}); err != nil || string(got) != `{"\u003c":"\u003c","x":1}` {
		t.Errorf("%s, %v, with < escaped", got, err)
	}
	if got, err := json.Marshal(pair{{"f", func() {}}}); err == nil {
		t.Errorf("a function is %s", got)
	}
	if got, err := Object(0, nil); err != nil || string(got) != "{}" {
		t.Errorf("%s, %v, want {}", got, err)
	}
}
