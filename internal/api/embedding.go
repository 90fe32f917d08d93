package api

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// embedding is OpenAI's. vLLM, SGLang, TEI and DashScope's compatible mode implement it, too.
var embedding = Dialect{
	Name: "openai_embedding", Op: "embedding", Base: "/v1", Path: "/embeddings", Need: "input",
	shape: func(body []byte) bool {
		return !responses.shape(body) && !dashscope.shape(body) && !dashscopeRerank.shape(body)
	},
	input: func(in Input) (object, error) { return prompt(in, "input", "input", "input") },
	place: places(nil),
	read:  readEmbedding, times: itemTimes,
	probe: probeItems("input"),
	items: embedded,
}

// embedded are the paths of the texts in bodies that ask for embeddings.
var embedded = itemPaths{paths: []string{"input", "texts", "inputs"}}

// readEmbedding counts the vectors: lists of numbers, or base64 of four bytes for each number. They are in data, in
// Cohere's embeddings, or in a list without a key, which TEI's own route returns.
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
	list.each(func(_ string, v value) { list = v }) // of Cohere, by type of number
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

// vectors reads a list of embeddings, each a vector or an object with one.
func (e *Event) vectors(name string, v value) {
	var all numbering
	v.list(func(i int, v value) {
		where := fmt.Sprintf("%s[%d]", name, i)
		if !v.isObject() {
			e.vector(where, v)
			return
		}
		found := false
		v.each(func(key string, one value) {
			switch key {
			case "index":
				all.add(one)
			case "embedding", "embeddings", "values":
				if !found && one.there() {
					found = true
					e.vector(where+"."+key, one)
				}
			}
		})
		if !found && e.Err == "" {
			e.Err = where + " has no embedding: " + ErrorMessage(v.raw())
		}
	})
	e.Err = cmp.Or(e.Err, all.check(name))
}

// numbering are the indexes of the items of an answer, each the place of one in the request.
type numbering struct {
	seen     []bool
	twice    int  // an index that several items have
	repeated bool // there is one
	numbered bool // not all are 0, as those of servers that do not number them
}

func (n *numbering) add(index value) {
	i, ok := index.number()
	if !ok || i >= 1<<20 {
		return
	}
	n.numbered = n.numbered || i > 0
	for len(n.seen) <= i {
		n.seen = append(n.seen, false)
	}
	if n.seen[i] {
		n.twice, n.repeated = i, true
	}
	n.seen[i] = true
}

// check returns what is wrong with the items of a list, or "". If two have the same index, another has none.
func (n *numbering) check(list string) string {
	if !n.repeated || !n.numbered {
		return ""
	}
	return fmt.Sprintf("%s has the index %d twice", cmp.Or(list, "the list"), n.twice)
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

// notVector returns why a value is not an embedding, or "". It checks only the first and the last element of a list,
// because parsing a million digits would delay the load generator.
func notVector(v value) string {
	switch {
	case v.r.Type == gjson.String:
		s := v.r.Str
		n, err := base64.StdEncoding.Decode(make([]byte, base64.StdEncoding.DecodedLen(len(s))), []byte(s))
		if err != nil || n == 0 || n%4 != 0 {
			return fmt.Sprintf("is not base64 of 32-bit numbers: %.40q", s)
		}
		return ""
	case !v.isList():
		return fmt.Sprintf("is neither a list of numbers nor base64: %.40s", cmp.Or(v.r.Raw, "missing"))
	}
	first := v.at("0")
	switch {
	case first.isNumber() && strings.ContainsAny(lastOf(v.r.Raw), "0123456789"):
		return ""
	case first.isList(): // one vector per token
		return notVector(first)
	case first.isObject():
		return notVector(first.at("embedding"))
	}
	return fmt.Sprintf("has no numbers: %.40s", v.r.Raw)
}

// lastOf returns the text of the last element of a list.
func lastOf(list string) string { return list[strings.LastIndexAny(list, "[,")+1:] }
