package api

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// embedding is OpenAI's, as vLLM, SGLang, TEI and DashScope's compatible mode have it.
var embedding = Dialect{
	Name: "openai_embedding", Op: "embedding", Base: "/v1", Path: "/embeddings", Need: "input",
	shape: func(body []byte) bool {
		return !responses.shape(body) && !dashscope.shape(body) && !dashscopeRerank.shape(body)
	},
	input: func(in Input) (object, error) { return prompt(in, "input", "input", "input") },
	place: places(nil),
	read:  readEmbedding,
	probe: probeItems("input"),
	items: embedded,
}

// embedded are the paths of the texts in bodies that ask for embeddings.
var embedded = itemPaths{paths: []string{"input", "texts", "inputs"}}

// readEmbedding counts the vectors, which are lists of numbers or, where base64 was asked for, text of four bytes each.
// The list is data; embeddings is Cohere's, and TEI's own route answers with the list alone.
func readEmbedding(v value) Event {
	if v.isList() {
		var e Event
		e.vectors("", v)
		return e
	}
	e := Event{Model: v.at("model").string(), Usage: v.at("usage").itemUsage()}
	if e.Usage == nil {
		e.Usage = v.at("meta.billed_units").itemUsage()
	}
	data, list := v.at("data"), v.at("embeddings")
	list.each(func(_ string, v value) { list = v }) // Cohere's, by type of number
	switch {
	case data.isList():
		e.vectors("data", data)
	case list.isList():
		e.vectors("embeddings", list)
	default:
		e.Err = ErrorMessage(v.raw())
	}
	return e
}

// vectors takes a list of embeddings, each a vector or an object with one.
func (e *Event) vectors(name string, v value) {
	v.list(func(i int, v value) {
		where := fmt.Sprintf("%s[%d]", name, i)
		if !v.isObject() {
			e.vector(where, v)
			return
		}
		for _, key := range [...]string{"embedding", "embeddings", "values"} {
			if one := v.at(key); one.there() {
				e.vector(where+"."+key, one)
				return
			}
		}
		if e.Err == "" {
			e.Err = where + " has no embedding: " + ErrorMessage(v.raw())
		}
	})
}

// vector counts one embedding.
func (e *Event) vector(where string, v value) {
	switch why := notVector(v); {
	case why == "":
		e.Items++
	case e.Err == "":
		e.Err = where + " " + why
	}
}

// notVector returns why a value is no embedding. Of a list only the ends are looked at: the client has better to do than
// to read a million digits.
func notVector(v value) string {
	switch {
	case v.r.Type == gjson.String:
		s := v.r.Str
		n, err := base64.StdEncoding.Decode(make([]byte, base64.StdEncoding.DecodedLen(len(s))), []byte(s))
		if err != nil || n == 0 || n%4 != 0 {
			return fmt.Sprintf("is no base64 of 32-bit numbers: %.40q", s)
		}
		return ""
	case !v.isList():
		return fmt.Sprintf("is neither a list of numbers nor base64: %.40s", cmp.Or(v.r.Raw, "missing"))
	}
	first := v.at("0")
	switch {
	case first.isNumber() && strings.ContainsAny(lastOf(v.r.Raw), "0123456789"):
		return ""
	case first.isList(): // a vector for each token
		return notVector(first)
	case first.isObject():
		return notVector(first.at("embedding"))
	}
	return fmt.Sprintf("has no numbers: %.40s", v.r.Raw)
}

// lastOf returns the last element of a list as it is written.
func lastOf(list string) string { return list[strings.LastIndexAny(list, "[,")+1:] }
