package fastjson

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// Each byte is escaped alike wherever it stands, and reads back as it was.
func TestAppendEscapedEveryByte(t *testing.T) {
	for c := range 256 {
		for at := range 20 {
			s := strings.Repeat("~", at) + string([]byte{byte(c)}) + strings.Repeat(" ", 20-at)
			got := AppendString(nil, s)
			if same := AppendString(nil, []byte(s)); string(same) != string(got) {
				t.Fatalf("%q is %s, as bytes %s", s, got, same)
			}
			var back string
			if err := json.Unmarshal(got, &back); err != nil || back != strings.ToValidUTF8(s, "\ufffd") {
				t.Fatalf("%q is %s, which reads %q, %v", s, got, back, err)
			}
			if one := AppendEscaped(nil, s[at:at+1]); string(got[1+at:len(got)-1-(20-at)]) != string(one) {
				t.Fatalf("%q is %s, alone %s", s, got, one)
			}
		}
	}
}

func FuzzAppendEscaped(f *testing.F) {
	f.Add("plain text, \"quoted\" \\ and\n\x00\x7f \u2028 日本語 \xff\xfe \U0001F600")
	f.Fuzz(func(t *testing.T, s string) {
		got := AppendString(nil, s)
		var back string
		if err := json.Unmarshal(got, &back); err != nil || utf8.ValidString(s) && back != s {
			t.Fatalf("%q is %s, which reads %q, %v", s, got, back, err)
		}
		if strings.ContainsAny(string(got), "\x7f\n\x00") {
			t.Fatalf("%q is %s", s, got)
		}
	})
}

func FuzzAppendString(f *testing.F) {
	f.Add([]byte("a\"\\\n\x00\xff\u2028é"))
	f.Fuzz(func(t *testing.T, text []byte) {
		line := AppendString(nil, text)
		var got string
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		want := []rune{}
		for _, r := range string(text) { // one U+FFFD a wrong byte
			want = append(want, r)
		}
		if got != string(want) || !utf8.Valid(line) {
			t.Fatalf("%q became %q", text, got)
		}
	})
}
