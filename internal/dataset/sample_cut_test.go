package dataset

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// An object is recognised by its beginning, wherever that ends.
func TestCompleted(t *testing.T) {
	for cut, want := range map[string]string{
		`{`:            `{}`,
		`{"mess`:       `{}`,
		`{"messages"`:  `{}`,
		`{"messages":`: `{}`,
		`{"messages":[{"role":"user","content":"a\u00`: `{"messages":[{"role":"user","content":"a"}]}`,
		`{"messages":[{"role":"user","con`:             `{"messages":[{"role":"user"}]}`,
		`{"prompt":"a\\\\bcdefgh`:                      `{"prompt":"a\\\\bcdefgh"}`,
		`{"prompt": "`:                                 `{"prompt": ""}`,
		`{"a":1,"b":[1,2`:                              `{"a":1,"b":[1]}`,
		`{"a":{"b":1},"c":tr`:                          `{"a":{"b":1}}`,
		`{"a":["x","y`:                                 `{"a":["x"]}`,
		`{"a":1} {"b"`:                                 `{"a":1}`,
	} {
		if got := string(completed([]byte(cut))); got != want {
			t.Errorf("%s is %s, want %s", cut, got, want)
		}
	}
}

func FuzzCompleted(f *testing.F) {
	f.Add(`{"messages":[{"role":"user","content":"a\u00e4\\\""}],"n":[1,-2.5e3,true,null],"o":{}}`, 30)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if !json.Valid([]byte(text)) || !strings.HasPrefix(text, "{") || n < 1 || n > len(text) {
			return
		}
		if got := completed([]byte(text[:n])); !json.Valid(got) {
			t.Errorf("%s is %s", text[:n], got)
		}
	})
}

// A body that is longer than what is read ahead is one.
func TestLongBodyIsRecognised(t *testing.T) {
	long := strings.Repeat("x", 5<<20)
	for _, line := range []string{`{"messages":[{"role":"user","content":"` + long + `"}],"model":"m","max_tokens":3}`,
		`{"prompt":"` + long + `","model":"m","max_tokens":3}`,
		`{"custom_id":"a","body":{"prompt":"` + long + `","max_tokens":3}}`} {
		in := &dataFile{head: []byte(line[:64<<10])}
		if s := in.sample(); !looksRequest(s) {
			t.Errorf("not recognised: %.40s", line)
		}
	}
}

// If the format cannot be told since the input could not be read, that is the error.
func TestBrokenBeginning(t *testing.T) {
	broken := errors.New("unexpected EOF")
	in := &dataFile{Reader: bufio.NewReader(io.MultiReader(strings.NewReader(`{"timestamp":1,"inp`), iotest.ErrReader(broken))),
		name: "f"}
	in.look(false)
	for _, err := range newTrace(&Options{}, 1).file(in) {
		if !errors.Is(err, broken) {
			t.Errorf("the error is %v", err)
		}
	}
}
