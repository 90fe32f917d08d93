package dataset

import (
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
)

// maxWithin is the maximum depth that within searches.
const maxWithin = 6

// answers are keys of generated content.
var answers = []string{
	"answer", "answers", "choices", "completion", "non_preferred_output", "output", "outputs", "preferred_output",
	"rejected", "res", "response", "response_body", "responses", "result",
}

// within returns the jq filter of the requests, messages or else rows with text inside an object that is itself not a
// request, as gateways log them. It returns "" if there are none.
func within(v gjson.Result) string {
	if path := findWithin(v, "", 0, isRequest); path != "" {
		return path
	}
	return findWithin(v, "", 0, func(v gjson.Result) bool { return textKey(v) != "" })
}

// isRequest reports whether v can be read as a request.
func isRequest(v gjson.Result) bool {
	if v.IsArray() {
		return v.Get("0").IsObject() && isMessages(v) || isLangChain(v)
	}
	return isBody(v) || isEnvelope(v)
}

// findWithin searches the members of v, which is at path.
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
		case depth < maxWithin:
			found = findWithin(x, at, depth+1, want)
		}
		return found == "" && v.IsObject() // the first element represents the array
	})
	return found
}

var jqName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// jqKey returns the jq filter of a member.
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
