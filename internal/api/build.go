package api

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// Input is what a request asks about: the field that is set, or Text if none is.
type Input struct {
	Messages  json.RawMessage // a list of messages as OpenAI's chat has them, images in parts of type image_url
	Text      string
	Tokens    []int    // the ids of one text
	Texts     []string // a batch, to embed or to complete
	Query     string   // to rank Documents by
	Documents []string
}

type kind string

const (
	messagesIn  kind = "messages"
	textIn      kind = "text"
	tokensIn    kind = "token ids"
	textsIn     kind = "batch of texts"
	documentsIn kind = "query with documents"
)

func (in *Input) kind() kind {
	switch {
	case in.Messages != nil:
		return messagesIn
	case in.Tokens != nil:
		return tokensIn
	case in.Texts != nil:
		return textsIn
	case in.Documents != nil:
		return documentsIn
	}
	return textIn
}

// errKind is returned by dialects that do not accept a kind of input.
var errKind = errors.New("")

// Param is a parameter of a request.
type Param struct {
	// Key is the name in OpenAI's chat API, or in vLLM's if OpenAI has none: model, max_tokens, min_tokens, temperature,
	// top_p, top_k, frequency_penalty, presence_penalty, repetition_penalty, seed, stop, stop_token_ids, n, logprobs,
	// stream, ignore_eos. The dialect knows the parameter's place in its own API.
	Key   string
	Value json.RawMessage
	// Verbatim puts the value under Key at the top of the body. An object is merged into one that is already there.
	Verbatim bool
}

// place is where a parameter goes in a body.
type place struct {
	path  string // dots between the keys of objects
	value json.RawMessage
}

// operations are those preferred for an input that a dialect accepts for several. For example, a text may also be a
// chat.
var operations = map[kind][]string{
	messagesIn: {"chat"}, textIn: {"completion", "generate"}, tokensIn: {"completion"}, textsIn: {"embedding"},
	documentsIn: {"rerank"},
}

// ForInput returns the dialect with the name, or an alias, that accepts the input: for openai, chat for messages, and
// completions for a text or token ids. If ops are given, it has one of these operations. It returns false if there is
// none.
func ForInput(name string, in Input, ops ...string) (Dialect, bool) {
	fit := filter(family(name), func(d *Dialect) bool {
		return d.Takes(in) && (len(ops) == 0 || slices.Contains(ops, d.Op))
	})
	for _, d := range fit {
		if slices.Contains(operations[in.kind()], d.Op) {
			return d, true
		}
	}
	if len(fit) == 0 {
		return Dialect{}, false
	}
	return fit[0], true
}

// WithOp returns the names of the dialects that name stands for and that have one of the operations.
func WithOp(name string, ops ...string) []string {
	var names []string
	for _, d := range family(name) {
		if slices.Contains(ops, d.Op) && !slices.Contains(names, d.Name) {
			names = append(names, d.Name)
		}
	}
	return names
}

// Takes reports whether the API accepts an input of this kind.
func (d Dialect) Takes(in Input) bool {
	_, err := d.input(in)
	return !errors.Is(err, errKind)
}

// Build returns a body with the input and the parameters, in their order. It returns the names of parameters for which
// the API has no place as dropped. The body depends on the arguments only, so for inputs that differ in a text it can
// be built once, and the text spliced in.
func (d Dialect) Build(in Input, params []Param) (body json.RawMessage, dropped []string, err error) {
	o, err := d.input(in)
	if errors.Is(err, errKind) {
		return nil, nil, fmt.Errorf("%s takes no %s", d.title(), in.kind())
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", d.title(), err)
	}
	// The model comes first, as in the documentation of all services.
	var rest []Param
	for _, p := range params {
		if p.Key == "model" && !p.Verbatim && !d.NoModel {
			o = append(object{p}, o...)
		} else {
			rest = append(rest, p)
		}
	}
	return d.Set(o.json(), rest, true)
}

func (d *Dialect) title() string { return d.Name + " " + d.Op }

// Set sets parameters in an existing body. It does not change parameters that the body has, unless override is set, or
// other keys and their order.
func (d Dialect) Set(
	body json.RawMessage, params []Param, override bool,
) (out json.RawMessage, dropped []string, err error) {
	out = body
	for _, p := range params {
		at, ok := place{escape(p.Key), p.Value}, true
		switch {
		case p.Verbatim:
		case p.Key == "model":
			ok = !d.NoModel
		case d.place != nil:
			at, ok = d.place(p)
		}
		if !ok {
			dropped = append(dropped, p.Key)
			continue
		}
		if out, err = set(out, at, override, p.Verbatim); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", p.Key, err)
		}
	}
	return out, dropped, nil
}

// set never modifies body, which may be the caller's.
func set(body json.RawMessage, at place, override, merge bool) (json.RawMessage, error) {
	if !gjson.ValidBytes(at.value) {
		return nil, fmt.Errorf("not JSON: %.80s", at.value)
	}
	old := gjson.GetBytes(body, at.path)
	if merge && old.IsObject() && gjson.ParseBytes(at.value).IsObject() {
		var err error
		gjson.ParseBytes(at.value).ForEach(func(k, v gjson.Result) bool {
			body, err = set(body, place{at.path + "." + escape(k.String()), json.RawMessage(v.Raw)}, override, true)
			return err == nil
		})
		return body, err
	}
	if old.Exists() && !override {
		return body, nil
	}
	return sjson.SetRawBytes(body, at.path, at.value)
}

// escape returns a key as one step of a path.
func escape(key string) string {
	if strings.Trim(key, "0123456789") == "" {
		return ":" + key // a key of an object, not an index
	}
	return gjson.Escape(key)
}

// places returns a function that finds the place of a parameter in a table by its Key. A place that ends in [] is a
// list, and a single value is wrapped in one.
func places(table map[string]string) func(Param) (place, bool) {
	return func(p Param) (place, bool) {
		at, ok := table[p.Key]
		path, list := strings.CutSuffix(at, "[]")
		if list && len(p.Value) > 0 && p.Value[0] != '[' {
			return place{path, json.RawMessage("[" + string(p.Value) + "]")}, ok
		}
		return place{path, p.Value}, ok
	}
}

// raw returns v as JSON. It consists of strings, numbers and valid JSON, which always marshal.
func raw(v any) json.RawMessage {
	b, _ := json.MarshalWithOption(v, json.DisableHTMLEscape())
	return b
}

// prompt returns an object with the text, token ids or texts under its key, which is empty if the API does not accept
// it.
func prompt(in Input, text, tokens, texts string) (object, error) {
	for _, k := range []struct {
		is    kind
		key   string
		value any
	}{{textIn, text, in.Text}, {tokensIn, tokens, in.Tokens}, {textsIn, texts, in.Texts}} {
		if k.is == in.kind() && k.key != "" {
			return object{{Key: k.key, Value: raw(k.value)}}, nil
		}
	}
	return nil, errKind
}

// present reports whether a raw value exists and is not null.
func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// text is a string, or a list of strings and of parts that have a text.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '[' {
		return json.Unmarshal(b, (*string)(t))
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	for _, p := range parts {
		var one struct {
			Text string `json:"text"`
		}
		to := any(&one.Text)
		if len(p) > 0 && p[0] == '{' {
			to = &one
		}
		if err := json.Unmarshal(p, to); err != nil {
			return err
		}
		*t += text(one.Text)
	}
	return nil
}
