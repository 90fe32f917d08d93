package dataset

import (
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
)

// mostWithin is how deep within looks.
const mostWithin = 6

// answers are keys of what a model wrote.
var answers = []string{
	"answer", "answers", "choices", "completion", "non_preferred_output", "output", "outputs", "preferred_output",
	"rejected", "res", "response",
	"response_body", "responses", "result",
}

// within returns the jq filter of the requests, the messages or else the rows with text that are inside an object which
// is itself no request: gateways wrap what they log. It is "" if there are none.
func within(v gjson.Result) string {
	if path := findWithin(v, "", 0, isRequest); path != "" {
		return path
	}
	return findWithin(v, "", 0, func(v gjson.Result) bool { return textKey(v) != "" })
}

// isRequest reports whether v can be read as a request.
func isRequest(v gjson.Result) bool {
	if v.IsArray() {
		return v.Get("0").IsObject() && isMessages(v)
	}
	return isBody(v) || isEnvelope(v)
}

// findWithin looks for what is wanted under the members of v, which stands at path.
func findWithin(v gjson.Result, path string, depth int, want func(gjson.Result) bool) (found string) {
	v.ForEach(func(key, x gjson.Result) bool {
		if v.IsObject() && slices.Contains(answers, key.Str) {
			return true
		}
		at := path + "[]"
		if v.IsObject() {
			at = path + jqKey(key.Str)
		}
		if x.Type == gjson.String {
			inner := embedded(x)
			if inner.Type == gjson.String {
				return true
			}
			x, at = inner, at+" | fromjson | "
		}
		switch {
		case !x.IsObject() && !x.IsArray():
		case want(x):
			found = strings.TrimSuffix(at, " | ")
		case depth < mostWithin:
			found = findWithin(x, at, depth+1, want)
		}
		return found == "" && v.IsObject() // the first element of an array stands for all
	})
	return found
}

var jqName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// jqKey is the jq filter of a member.
func jqKey(key string) string {
	if jqName.MatchString(key) {
		return "." + key
	}
	b, err := json.Marshal(key)
	if err != nil {
		return ".[]"
	}
	return ".[" + string(b) + "]"
}

var shellPlain = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=-]+$`)

// shellQuote writes a word for a shell.
func shellQuote(word string) string {
	if shellPlain.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
