package api

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"perfpipe/internal/fastjson"
	"perfpipe/internal/servertime"
)

// value is a JSON value of an answer. A member that is missing, null or of an unexpected type is empty, so that it does
// not spoil the answer.
type value struct {
	r    gjson.Result
	root *root // nil unless the value is an event
}

// root records what a dialect saw of the members of an event.
type root struct {
	walked     bool
	suspicious bool // a member may be an error
	times      *servertime.Table
	timed      bool // a member may have times
}

// note records a member of an event.
func (r *root) note(key string, v gjson.Result) {
	switch key {
	case "error", "base_resp":
		r.suspicious = r.suspicious || v.Type != gjson.Null
	case "type", "object":
		r.suspicious = r.suspicious || v.Str == "error"
	}
	r.timed = r.timed || r.times.Concerns(key)
}

// parse parses a JSON object or list, which it mends if needed.
func parse(data []byte) (value, error) {
	if !gjson.ValidBytes(data) {
		mended := mend(data)
		if !gjson.ValidBytes(mended) {
			return value{}, notJSON(data)
		}
		data = mended
	}
	return value{r: gjson.ParseBytes(data)}, nil
}

func notJSON(data []byte) error {
	return fmt.Errorf("not a JSON answer: %.80q", data)
}

// mend returns data with null in place of NaN and Infinity, and with a space in place of each control character in a
// string.
func mend(data []byte) []byte {
	out, _ := fastjson.WithoutNaN(data)
	quoted := false
	for i := 0; i < len(out); i++ {
		switch c := out[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted && c < ' ':
			out[i] = ' '
		}
	}
	return out
}

// at returns the member at a path such as message.usage or 0.text.
func (v value) at(path string) value {
	if !v.r.IsObject() && !v.r.IsArray() { // gjson would parse the contents of a string
		return value{}
	}
	return value{r: v.r.Get(path)}
}

// each calls member for each member of an object.
func (v value) each(member func(key string, v value)) {
	if !v.r.IsObject() {
		return
	}
	if v.root != nil {
		v.root.walked = true
	}
	v.r.ForEach(func(key, r gjson.Result) bool {
		if v.root != nil {
			v.root.note(key.Str, r)
		}
		member(key.Str, value{r: r})
		return true
	})
}

// list calls element for each element of a list.
func (v value) list(element func(i int, v value)) {
	if v.r.IsArray() {
		i := 0
		v.r.ForEach(func(_, r gjson.Result) bool {
			element(i, value{r: r})
			i++
			return true
		})
	}
}

// size returns the number of elements of a list.
func (v value) size() (n int) {
	v.list(func(int, value) { n++ })
	return n
}

func (v value) raw() []byte    { return []byte(v.r.Raw) }
func (v value) isObject() bool { return v.r.IsObject() }
func (v value) isList() bool   { return v.r.IsArray() }
func (v value) isNumber() bool { return v.r.Type == gjson.Number }
func (v value) isTrue() bool   { return v.r.Type == gjson.True }

// there reports whether the value exists and is not null.
func (v value) there() bool { return v.r.Type != gjson.Null }

// is reports whether the value is the string s.
func (v value) is(s string) bool { return v.r.Type == gjson.String && v.r.Str == s }

// string returns the value if it is a string, or else "".
func (v value) string() string {
	if v.r.Type == gjson.String {
		return v.r.Str
	}
	return ""
}

// text returns a string, or the joined texts of a list of strings and of objects with a text.
func (v value) text() string {
	if !v.isList() {
		return v.string()
	}
	var b strings.Builder
	v.list(func(_ int, v value) {
		b.WriteString(v.string())
		b.WriteString(v.at("text").string())
	})
	return b.String()
}

// arguments returns a string that contains JSON, or the JSON itself, which Ollama sends.
func (v value) arguments() string {
	if v.isObject() || v.isList() {
		return v.r.Raw
	}
	return v.string()
}

// number returns a whole number that is not negative, written as 5, 5.0 or "5".
func (v value) number() (n int, ok bool) {
	s := v.r.Raw
	switch v.r.Type {
	case gjson.Number:
	case gjson.String:
		s = strings.TrimSpace(v.r.Str)
	default:
		return 0, false
	}
	if n, err := strconv.Atoi(s); err == nil {
		return max(0, n), n >= 0
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || f > 1e15 || f != math.Trunc(f) {
		return 0, false
	}
	return int(f), true
}

// count returns number, or 0.
func (v value) count() int {
	n, _ := v.number()
	return n
}

// empty reports whether the value is null, false, 0, a blank string, or a list or object of empty values.
func (v value) empty() bool {
	switch v.r.Type {
	case gjson.Null, gjson.False:
		return true
	case gjson.True:
		return false
	case gjson.Number:
		return v.r.Num == 0
	case gjson.String:
		return strings.TrimSpace(v.r.Str) == ""
	}
	all := true
	v.r.ForEach(func(_, r gjson.Result) bool {
		all = value{r: r}.empty()
		return all
	})
	return all
}
