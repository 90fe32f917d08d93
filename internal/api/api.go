// Package api knows the dialects of LLM servers: how a request's body is made, where it is sent, and what an answer
// means.
//
// A [Dialect] is one operation of an API. All that is known of it is in its value: the endpoint, the place of inputs
// and parameters, the test request, the framing of its streams, the events, the token counts and what counts as a
// failure. A new one is a file with that value and a line in the table dialects (docs/extending.md). A new framing is a
// value of [Framing] and a case in the client.
//
// It exports more than twenty names, because perf-gen builds requests with it and perf-send reads answers with it, and
// the dialects, which both need, must stay in one place.
package api

import (
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/servertime"
)

// Dialect is one operation at one endpoint of a server's API.
type Dialect struct {
	Name string // for --api and the record's api
	Op   string // the record's op: chat, completion, responses, embedding, rerank, score, generate, or any of a custom API
	Base string // the part between an origin and Path, such as /v1
	Path string // the endpoint; For fills in {model} and {_stream}
	Need string // a key that a body must have; "": none

	Query         url.Values        // of the URL, unless it has these itself
	Method        string            // "": POST
	Headers       map[string]string // of every request
	StreamHeaders map[string]string // of a request for a stream, besides Headers
	KeyHeader     string            // takes the API key as it is; "": Authorization: Bearer
	Bearer        bool              // Authorization: Bearer takes the key, too
	NoModel       bool              // the body names no model
	ToolBlocks    bool              // messages have tool calls as blocks of their content, as Anthropic's do
	ToolItems     bool              // the list of messages has tool calls as items, as that of Responses does
	SystemApart   bool              // the system prompt is beside the messages, so that a history does not contain it
	Shares        []string          // keys with the same meaning as in OpenAI's chat, besides messages and parameters

	Framing       Framing // of a stream
	StreamOptions bool    // a stream reports its usage only if stream_options asks for it
	NoFinish      bool    // nothing in a stream marks its end
	Ending        string  // the mark, for messages; "": finish_reason and [DONE]

	template string                        // Path before For
	also     []string                      // other endings of a path that are this endpoint
	or       []string                      // keys that serve instead of Need
	shape    func(body []byte) bool        // decides between dialects that need the same key; nil: always true
	foreign  func(string, []byte) bool     // whether a member is one of OpenAI's chat; nil: bodies tell by their keys
	input    func(Input) (object, error)   // the body without parameters; errKind if it takes no such input
	probe    func(json.RawMessage) []place // what a test request changes in a body; nil: there is none
	place    func(Param) (place, bool)     // where a parameter goes; nil: under its own name
	items    itemPaths                     // empty: the answer is text

	streamKey string // path of the key that asks for a stream; "": stream
	streams   bool   // even if the key is missing

	read      func(value) Event
	reader    func() func(value) Event        // of a stream whose events depend on those before; nil: read
	scan      func(data []byte) (Event, bool) // a fast read of chat chunks, which a Memo caches; false: read must do it
	grows     bool                            // the text of an event contains that of those before
	growing   func() func(value) Event        // the reader if the body does not ask for a stream; nil: the same
	done      string                          // the data that ends a stream, besides [DONE]
	ownErrors bool                            // read knows all errors of the API
	times     *servertime.Table               // where servers report their own times; nil: nowhere
	timeAsks  []timeAsk                       // what some of them need in the body to do so
}

// Framing is the format of a stream.
type Framing uint8

// The framings.
const (
	Events    Framing = iota // server-sent events
	JSONLines                // a JSON value on each line
)

// dialects is the table of all dialects. If several fit a path or a body, the first one counts.
var dialects = []Dialect{
	chat, completion, embedding, responses, rerank, score,
	anthropic, tgi, ollamaChat, ollamaGenerate, ollamaEmbed, dashscope, dashscopeRerank, triton, sglang,
}

// aliases are further names for Names of dialects: evalscope's names, and short ones. The names of local servers stand
// for all dialects.
var aliases = map[string]string{
	"local": "", "local_vllm": "", "local_sglang": "", "local_llamacpp": "",
	"openai_response": responses.Name, "responses": responses.Name,
	"embedding": embedding.Name, "embeddings": embedding.Name,
	"rerank": rerank.Name, "messages": anthropic.Name,
}

// Names returns the names of dialects and their aliases, sorted. It does not include custom, for which see ParseSpec.
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

// family returns the dialects that a name stands for, or all for an empty name.
func family(name string) []Dialect {
	if full, ok := aliases[name]; ok {
		name = full
	}
	return filter(dialects, func(d *Dialect) bool { return name == "" || d.Name == name })
}

func filter(list []Dialect, ok func(*Dialect) bool) []Dialect {
	var out []Dialect
	for i := range list {
		if ok(&list[i]) {
			out = append(out, list[i])
		}
	}
	return out
}

// ForPath returns the dialect whose endpoint a URL's path is.
func ForPath(path string) (Dialect, bool) {
	if found := named(dialects, path); len(found) > 0 {
		return found[0], true
	}
	return Dialect{}, false
}

// Select returns the dialect of a request, chosen among those that name stands for, which is all if name is empty:
// first by the path of the request's URL, if that is an endpoint, then by the shape of the body. ok is false if the
// body lacks what d needs; d then has a Name only if the path chose it. alike reports whether every body with the same
// keys at its top level has the same dialect.
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
	fit := filter(left, func(d *Dialect) bool { return d.fits(func(k string) bool { return keys[k] }) })
	if len(fit) == 0 {
		if len(left) == 1 {
			d = left[0]
		}
		return d, false, false
	}
	alike = len(fit) == 1 || fit[0].shape == nil // or else more than the keys decides
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

// Streams reports whether the body asks for a stream.
func (d Dialect) Streams(body []byte) bool {
	key := d.streamKey
	if key == "" {
		key = "stream"
	}
	v := gjson.GetBytes(body, key)
	return v.Bool() || d.streams && !v.Exists()
}

// Uniform reports whether For depends on the top-level key stream only, so that bodies with the same keys have the same
// endpoint. It must be called before For.
func (d Dialect) Uniform() bool { return d.streamKey == "" && !strings.Contains(d.Path, "{model}") }

// itemPaths are the paths in a body of what the answer has items for.
type itemPaths struct {
	paths []string
	best  []string // of numbers to which the answer may limit its items
}

// HasItems reports whether answers are items, such as embeddings or ranks, instead of text.
func (d *Dialect) HasItems() bool { return len(d.items.paths) > 0 }

// Items returns the number of texts or documents that the body has, and the least number of items that the answer may
// have. Both are 0 if the dialect has no items.
func (d *Dialect) Items(body []byte) (asked, least int) {
	for _, path := range d.items.paths {
		asked = max(asked, items(gjson.GetBytes(body, path)))
	}
	least = asked
	for _, path := range d.items.best {
		if n := int(gjson.GetBytes(body, path).Int()); n > 0 {
			least = min(least, n)
		}
	}
	return asked, least
}

// items returns the number of texts. A list of token ids is one text.
func items(v gjson.Result) int {
	switch {
	case !v.Exists():
		return 0
	case !v.IsArray() || v.Get("0").Type == gjson.Number:
		return 1
	}
	return len(v.Array())
}

// object is a JSON object with its keys in order.
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
