package visible

import (
	"encoding/json"
	"reflect"
	"testing"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"plain, ünïcode 名 ∞":          "plain, ünïcode 名 ∞",
		"a\tb\nc":                     "a\tb\nc",
		"\x1b]0;owned\x07\x1b[31mred": `\x1b]0;owned\x07\x1b[31mred`,
		"c1 \u009b31m del \x7f":       `c1 \u{9b}31m del \x7f`,
		"bidi \u202eevil\u2066":       `bidi \u{202e}evil\u{2066}`,
		"bytes \xff\x9b!":             `bytes \xff\x9b!`,
		"cr\rover":                    `cr\x0dover`,
		"line\u2028end":               `line\u{2028}end`,
		"a real \uFFFD":               "a real \uFFFD",
	} {
		if got := Text(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// What a reader of JSON gets is the same, and no terminal obeys it on the way.
func TestJSON(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":"ünïcode 名 \u001b \n"}`: `{"a":"ünïcode 名 \u001b \n"}`,
		"\"c1 \u009b del \x7f\"":      `"c1 \u009b del \u007f"`,
		"\"bidi \u202e\"":             `"bidi \u202e"`,
		"\"tag \U000E0041\"":          `"tag \udb40\udc41"`,
		"\"a real \uFFFD\"\n":         "\"a real \uFFFD\"\n",
	} {
		got := JSON([]byte(in))
		if string(got) != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
		var before, after any
		if err := json.Unmarshal([]byte(in), &before); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(got, &after); err != nil || !reflect.DeepEqual(before, after) {
			t.Errorf("%q: read as %v and %v, %v", in, before, after, err)
		}
	}
}

func TestCell(t *testing.T) {
	for in, want := range map[string]string{
		"-1.5": "-1.5", "+3e4": "+3e4", "=1+1": "'=1+1", "@SUM(A1)": "'@SUM(A1)", "-cmd|'/c calc'!A0": "'-cmd|'/c calc'!A0",
		" =1":  "' =1",
		"\t=1": "' =1", "a\nb": "a b", "rate=10": "rate=10", "": "",
	} {
		if got := Cell(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("\x1b[31m\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := Text(s)
		if !utf8.ValidString(got) || Text(got) != got {
			t.Errorf("%q: %q", s, got)
		}
		for _, r := range got {
			if harmful(r, utf8.RuneLen(r)) {
				t.Errorf("%q: %q has %q", s, got, r)
			}
		}
	})
}
