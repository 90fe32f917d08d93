package jsonl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// inValues writes each value as line:bytes, and an error as !line:error.
func inValues(r io.Reader) string {
	var all []string
	for v, err := range Values(r, true) {
		if err != nil {
			all = append(all, fmt.Sprintf("!%d:%v", v.Line, err))
		} else {
			all = append(all, fmt.Sprintf("%d:%s", v.Line, v.Bytes))
		}
	}
	return strings.Join(all, " ")
}

func TestValues(t *testing.T) {
	for in, want := range map[string]string{
		``:                                  ``,
		"\n \uFEFF\n":                       ``,
		`[]`:                                ``,
		`[1, "a" ,{"b":[2]}]`:               `1:1 1:"a" 1:{"b":[2]}`,
		"[\n{\"a\":\n1},\n\n{\"b\":2}\n]\n": "2:{\"a\":\n1} 5:{\"b\":2}",
		"{\n\"a\":1}\n{}\n7":                "1:{\n\"a\":1} 3:{} 4:7",
		`[{"a":"]}\"["},{"b":"\\"}]`:        `1:{"a":"]}\"["} 1:{"b":"\\"}`,
		"[1\n":                              `1:1 !2:` + errArrayEnd.Error(),
		`[1,`:                               `1:1 !1:` + errArrayEnd.Error(),
		`[1,]`:                              `1:1 !1:` + errComma.Error(),
		`[1 2]`:                             `1:1 !1:` + errComma.Error(),
		"[1]\n\n]":                          `1:1 !3:` + errComma.Error(),
		"[1]\n[2]{}":                        `1:1 2:2 2:{}`,
		"[\n{\"a\":\n\"b]":                  `!2:` + errUnclosed.Error(),
		`{"a":NaN}`:                         `1:{"a":NaN}`,
	} {
		for kind, r := range map[string]io.Reader{"whole": strings.NewReader(in),
			"bytes": iotest.OneByteReader(strings.NewReader(in))} {
			if got := inValues(r); got != want {
				t.Errorf("%q, %s:\n got %s\nwant %s", in, kind, got, want)
			}
		}
	}
}

// FuzzValues holds that an array comes apart as encoding/json takes it apart, however the bytes are split.
func FuzzValues(f *testing.F) {
	f.Add([]byte("[\n{\"a\":[\"\\\"]\"]}, 1]"))
	f.Fuzz(func(t *testing.T, in []byte) {
		whole := inValues(bytes.NewReader(in))
		if parts := inValues(iotest.OneByteReader(bytes.NewReader(in))); whole != parts {
			t.Fatalf("%q: %q in one read, %q in many", in, whole, parts)
		}
		var want []json.RawMessage
		if json.Unmarshal(in, &want) != nil || want == nil {
			return
		}
		n := 0
		for v, err := range Values(bytes.NewReader(in), true) {
			if err != nil || n == len(want) || !bytes.Equal(bytes.TrimSpace(v.Bytes), bytes.TrimSpace(want[n])) {
				t.Fatalf("%q: value %d is %q, %v", in, n, v.Bytes, err)
			}
			line := 1 + bytes.Count(in[:bytes.Index(in, want[n])], []byte{'\n'})
			if n == 0 && v.Line != line {
				t.Fatalf("%q: value %d is on line %d, not %d", in, n, v.Line, line)
			}
			n++
		}
		if n != len(want) {
			t.Fatalf("%q: %d values of %d", in, n, len(want))
		}
	})
}

func TestElements(t *testing.T) {
	for in, want := range map[string]string{
		`{"log":{"pages":["entries",{"entries":[0]}],"entries":[1,2]}}`: `1:1 1:2`,
		"{\"a\":\"]\",\n\"log\":\n{\"entries\":\n[{}\n]}}":              `4:{}`,
		`{"log":{"entries":{}}}`:                                        `!1:"log.entries" is no list`,
		`{"log":{}}`:                                                    `!1:there is no key "entries"`,
		`{"a":1}`:                                                       `!1:there is no key "log"`,
		`[]`:                                                            `!1:there is no object with "log"`,
		`{"log":{"entries":[1`:                                          `1:1 !1:` + errArrayEnd.Error(),
		`{"log":{"x":"`:                                                 `!1:` + errUnclosed.Error(),
	} {
		var all []string
		for v, err := range Elements(strings.NewReader(in), "log", "entries") {
			if err != nil {
				all = append(all, fmt.Sprintf("!%d:%v", v.Line, err))
			} else {
				all = append(all, fmt.Sprintf("%d:%s", v.Line, v.Bytes))
			}
		}
		if got := strings.Join(all, " "); got != want {
			t.Errorf("%s:\n got %s\nwant %s", in, got, want)
		}
	}
}
