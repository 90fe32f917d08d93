package filter

import "testing"

func TestCompile(t *testing.T) {
	for _, c := range []struct {
		expression, line string
		want             bool
		err              string
	}{
		{".ok", `{"ok":true}`, true, ""},
		{".ok", `{"ok":false}`, false, ""},
		{".ok", `{}`, false, ""},
		{".n", `{"n":0}`, true, ""},
		{"empty", `{}`, false, ""},
		{".ok+1", `{"ok":true}`, false, "--where: cannot add: boolean (true) and number (1)"},
		{".ok", `{`, false, "not a record: unexpected end of JSON input"},
	} {
		selects, err := Compile("--where", c.expression)
		if err != nil {
			t.Fatal(err)
		}
		got, err := selects([]byte(c.line))
		if got != c.want || (err != nil) != (c.err != "") || err != nil && err.Error() != c.err {
			t.Errorf("%s of %s: %v, %v", c.expression, c.line, got, err)
		}
	}
	if _, err := Compile("--where", ".ok|"); err == nil {
		t.Error("no error")
	}
	if _, err := Compile("--where", "nofunc"); err == nil {
		t.Error("no error")
	}
}
