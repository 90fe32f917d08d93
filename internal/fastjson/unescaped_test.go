package fastjson

import (
	"strings"
	"testing"
)

func FuzzUnescaped(f *testing.F) {
	for c := range 256 {
		f.Add([]byte("abc" + string([]byte{byte(c)}) + "defgh" + string([]byte{byte(c)})))
		f.Add([]byte(strings.Repeat("\x7e", 9) + string([]byte{byte(c), byte(c)})))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		text, ascii := len(b), len(b)
		for i := len(b) - 1; i >= 0; i-- {
			if c := b[i]; c < ' ' || c == '"' || c == '\\' {
				text, ascii = i, i
			} else if c >= 0x7f {
				ascii = i
			}
		}
		if Unescaped(b) != text || UnescapedASCII(b) != ascii {
			t.Errorf("%q: %d and %d, want %d and %d", b, Unescaped(b), UnescapedASCII(b), text, ascii)
		}
	})
}
