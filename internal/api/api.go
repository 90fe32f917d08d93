// Package api is the dialects of the servers: what a request's body looks like, where it is sent, and what a reply
// carries.
package api

import (
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
)

// Dialect is one API of a server: one operation at one endpoint.
type Dialect struct {
	Name string // as --api and the record's api have it
	Op   string // the record's op: chat, completion, responses, embedding, rerank, score, generate, or as a custom API says
	Base string // what an origin gets in front of Path, such as /v1
	Path string // the endpoint; {model} and {_stream} in it are filled in by For
	Need string // a key that a body must have; "" is none

	Query         url.Values        // of the URL, where it does not say them itself
	Method        string            // "" is POST
	Headers       map[string]string // of every request
	StreamHeaders map[string]string // of a request that asks for a stream, beside Headers
	KeyHeader     string            // takes the API key as it stands; "" is Authorization: Bearer
	Bearer        bool              // Authorization: Bearer takes it as well as KeyHeader
	Lines         bool              // a stream is JSON lines, not server-sent events
	NoModel       bool              // the body names no model
	NoFinish      bool              // nothing in a stream says that it is whole
	Ending        string            // what says it, in words; "" is finish_reason and [DONE]

	template string                        // what Path was before For
	also     []string                      // other endings of a path that are this endpoint
	or       []string                      // keys that do instead of Need
	shape    func(body []byte) bool        // tells dialects apart that need the same key; nil: it is the one
	input    func(Input) (object, error)   // the body but for its parameters; errKind where it takes no such input
	probe    func(json.RawMessage) []place // what a test request changes in a body; nil: there is none
	place    func(Param) (place, bool)     // where a parameter goes; nil: to its own name, whatever it is

	streamKey string // path of the key that asks for a stream; "" is stream
	streams   bool   // also where the key is missing

	read      func(value) Event
	reader    func() func(value) Event        // where an event alone does not tell all
	scan      func(data []byte) (Event, bool) // reads most events at a small part of the cost; false: read is to do it
	grows     bool                            // the text of an event holds that of those before
	done      string                          // the data that ends a stream, beside [DONE]
	ownErrors bool                            // read knows all errors of the API
}

// dialects is the table of them all. Where several fit a path or a body the first one counts.
var dialects = []Dialect{
	chat, completion, embedding, responses, rerank, score,
	anthropic, tgi, ollamaChat, ollamaGenerate, ollamaEmbed, dashscope, dashscopeRerank, triton, sglang,
}

// aliases are what --api may be beside the Name of a dialect: evalscope's names, and short ones. Of a server that is
// started by --api local* any dialect may be asked.
var aliases = map[string]string{
	"local": "", "local_vllm": "", "local_sglang": "", "local_llamacpp": "",
	"openai_response": responses.Name, "responses": responses.Name,
	"embedding": embedding.Name, "embeddings": embedding.Name,
	"rerank": rerank.Name, "messages": anthropic.Name,
}

// Names lists what --api may be, sorted. custom, which needs a specification, is not among them: see ParseSpec.
func Names() []string {
	var all []string
	for n := range aliases {
		all = append(all, n)
	}
	for _, d := range dialects {
		all = append(all, d.Name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Known says whether --api may be name.
func Known(name string) bool { return slices.Contains(Names(), name) }

// family is the dialects that --api name stands for, all of them for "".
func family(name string) []Dialect {
	if full, ok := aliases[name]; ok {
		name = full
	}
	return keep(dialects, func(d *Dialect) bool { return name == "" || d.Name == name })
}

func keep(list []Dialect, ok func(*Dialect) bool) []Dialect {
	var kept []Dialect
	for i := range list {
		if ok(&list[i]) {
			kept = append(kept, list[i])
		}
	}
	return kept
}

// ForPath finds the dialect that the path of a URL names.
func ForPath(path string) (Dialect, bool) {
	if found := named(dialects, path); len(found) > 0 {
		return found[0], true
	}
	return Dialect{}, false
}

// ForBody finds the dialect that the keys of a body tell; has says whether the body has a key. Select, which sees the
// whole body, tells more dialects apart.
func ForBody(has func(key string) bool) (Dialect, bool) {
	for _, d := range dialects {
		if d.fits(has) {
			return d, true
		}
	}
	return Dialect{}, false
}

// Select finds the dialect of a request. --api, which is name, tells the family, "" being all dialects; the path of the
// request's URL tells one of the family, as far as it names one; the body's shape decides among what is left. ok is
// false where the body lacks what d needs; d has no Name where not even the path told one. alike is true where another body
// with the same keys at its top level gets the same d.
func Select(name, path string, body []byte) (d Dialect, alike, ok bool) {
	left := family(name)
	if found := named(left, path); len(found) > 0 {
		left, d = found, found[0]
	}
	keys := map[string]bool{}
	gjson.ParseBytes(body).ForEach(func(key, _ gjson.Result) bool {
		keys[key.Str] = true
		return true
	})
	fit := keep(left, func(d *Dialect) bool { return d.fits(func(k string) bool { return keys[k] }) })
	if len(fit) == 0 {
		if len(left) == 1 {
			d = left[0]
		}
		return d, false, false
	}
	alike = len(fit) == 1 || fit[0].shape == nil // else more of the body than its keys decides
	for _, d := range fit {
		if d.shape == nil || d.shape(body) {
			return d, alike, true
		}
	}
	return fit[0], alike, true
}

func (d *Dialect) fits(has func(string) bool) bool {
	return d.Need == "" || has(d.Need) || slices.ContainsFunc(d.or, has)
}

// Streams says whether the body asks for a stream.
func (d Dialect) Streams(body []byte) bool {
	key := d.streamKey
	if key == "" {
		key = "stream"
	}
	v := gjson.GetBytes(body, key)
	return v.Bool() || d.streams && !v.Exists()
}

// Uniform says whether the key stream, at the top level, tells all that For is to know of a body, so that bodies of one kind
// have one endpoint. It is asked before For.
func (d Dialect) Uniform() bool { return d.streamKey == "" && !strings.Contains(d.Path, "{model}") }

// Items returns how many texts or documents the body asks to be embedded or ranked, and how many items the answer must have
// at least. Both are 0 where it asks for neither.
func (d *Dialect) Items(body []byte) (asked, least int) {
	most := func(keys ...string) (n int) {
		for _, key := range keys {
			n = max(n, items(gjson.GetBytes(body, key)))
		}
		return n
	}
	switch d.Op {
	case "embedding":
		asked = most("input", "texts", "inputs")
	case "rerank":
		asked = most("documents", "texts", "passages", "input.documents")
	case "score":
		var keys []string
		for _, pair := range scored {
			keys = append(keys, pair[:]...)
		}
		asked = most(keys...)
	}
	least = asked
	for _, key := range [...]string{"top_n", "top_k", "topK", "parameters.top_n"} {
		if n := int(gjson.GetBytes(body, key).Int()); n > 0 && d.Op == "rerank" {
			least = min(least, n)
		}
	}
	return asked, least
}

// items counts a text as one, and so a list of token ids.
func items(v gjson.Result) int {
	switch {
	case !v.Exists():
		return 0
	case !v.IsArray() || v.Get("0").Type == gjson.Number:
		return 1
	}
	return len(v.Array())
}

// object is a JSON object as a body has it, its keys in order.
type object []Param

func (o object) json() json.RawMessage {
	b := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = gjson.AppendJSONString(b, m.Key)
		b = append(b, ':')
		if len(m.Value) == 0 {
			b = append(b, "null"...)
		}
		b = append(b, m.Value...)
	}
	return append(b, '}')
}
