package fastjson

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMembers(t *testing.T) {
	list, err := AppendMembers(nil, []byte(` { "a" : "x\n" , "b\u0063":[1,{"a":2}],"":{} , "a":3 } `))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, m := range list {
		b.WriteString(string(m.Name) + "|" + string(m.Pair) + "|" + string(m.Value) + "\n")
	}
	want := `a|"a" : "x\n"|"x\n"
bc|"b\u0063":[1,{"a":2}]|[1,{"a":2}]
|"":{}|{}
a|"a":3|3
`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
	if m := list.Get("a"); m.String() != "x\n" || list.Get("bc").String() != "" || list.Get("c") != nil {
		t.Errorf("Get gives %+v", m)
	}
}

// Validity and members are those of encoding/json.
func FuzzMembers(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"a":1}`, ` {"a":[],"b":{},"c":"\"\\\/\b\f\n\r\t\u12aF","d":-0.1e+5,"e":true,"f":false,"g":null}` + "\n",
		`{"a":1,}`, `{,}`, `{"a"}`,
		`{"a":01}`, `{"a":.5}`, `{"a":1.}`, `{"a":1e}`, `{"a":-}`, `{"a":[1,]}`, `{"a":[1 2]}`, `{"a":tru}`, `{"a":"\x"}`,
		`{"a":"\u12g4"}`, "{\"a\":\"\x01\"}",
		"{\"a\":\"\x7f\xff long enough to be looked at in words \x1f\"}", `{"a":1}}`, `{"a":{"b":[}]}`, `[]`, `"a"`, ``,
		`{"\ud800":1}`,
		`{"k":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := AppendMembers(nil, text)
		var want map[string]json.RawMessage
		valid := json.Valid(text) && bytes.TrimSpace(text)[0] == '{'
		if (err == nil) != valid {
			t.Fatalf("%q: error %v, valid is %v", text, err, valid)
		}
		if err != nil || bytes.ContainsRune(text, '\\') || !utf8.Valid(text) {
			return
		}
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		got := map[string]json.RawMessage{}
		for _, m := range list {
			got[string(m.Name)] = m.Value
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: members %q, want %q", text, got, want)
		}
	})
}
