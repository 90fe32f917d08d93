package fastjson

import (
	"encoding/json"
	"testing"
)

func TestMend(t *testing.T) {
	for _, c := range []struct{ text, finite, whole string }{
		{`{"a":NaN,"b":[-Infinity,Infinity,-1],"c":"NaN \" NaN"}`, `{"a":null,"b":[null,null,-1],"c":"NaN \" NaN"}`, ""},
		{`{"a":64.0,"b":[1e1,1.5,7],"c":"1.0"}`, "", `{"a":64,"b":[10,1.5,7],"c":"1.0"}`},
		{`{"a":1}`, "", ""},
		{`{"a":"NaN`, "", ""},
		{`-`, "", ""},
	} {
		if got, ok := WithoutNaN([]byte(c.text)); ok != (c.finite != "") || ok && string(got) != c.finite {
			t.Errorf("%s without NaN: %s, %v", c.text, got, ok)
		}
		if got, ok := WithWholeNumbers([]byte(c.text)); ok != (c.whole != "") || ok && string(got) != c.whole {
			t.Errorf("%s with whole numbers: %s, %v", c.text, got, ok)
		}
	}
}

// Text that is valid JSON remains valid and means the same.
func FuzzMend(f *testing.F) {
	f.Add([]byte(`{"a":64.0,"b":[1e1,-0.0,7],"c":"1.0 \" NaN"}`))
	f.Add([]byte(`[NaN,-Infinity,1e999,-]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		finite, found := WithoutNaN(text)
		whole, changed := WithWholeNumbers(text)
		if !json.Valid(text) {
			return
		}
		if found || string(finite) != string(text) {
			t.Errorf("%q has NaN: %q", text, finite)
		}
		if !json.Valid(whole) || !changed && string(whole) != string(text) {
			t.Errorf("%q became %q", text, whole)
		}
	})
}
