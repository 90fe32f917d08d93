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

// Input is what a request asks about: one of its fields, Text where no other is set.
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

// errKind says that a dialect takes no input of this kind.
var errKind = errors.New("")

// Param is a parameter of a request.
type Param struct {
	// Key is the name that OpenAI's chat, or vLLM's where that has none, gives it: model, max_tokens, min_tokens,
	// temperature, top_p, top_k, frequency_penalty, presence_penalty, repetition_penalty, seed, stop, stop_token_ids,
	// n, logprobs, stream, ignore_eos. The dialect puts it where its own API has it.
	Key   string
	Value json.RawMessage
	// Verbatim puts it under Key as it stands, at the top of the body; an object is merged into one that is there.
	Verbatim bool
}

// place is where a parameter goes in a body.
type place struct {
	path  string // dots between the keys of objects
	value json.RawMessage
}

// operations are those that an input is meant for, where a dialect takes it for several: a text may be chat, too.
var operations = map[kind][]string{
	messagesIn: {"chat"}, textIn: {"completion", "generate"}, tokensIn: {"completion"}, textsIn: {"embedding"}, documentsIn: {"rerank"},
}

// ForInput finds the dialect that --api name stands for and that takes the input: of openai chat for messages, and
// completions for a text or token ids; of several operations, if some are given, only of those. It is false where no
// dialect of that name takes it.
func ForInput(name string, in Input, ops ...string) (Dialect, bool) {
	fit := keep(family(name), func(d *Dialect) bool { return d.Takes(in) && (len(ops) == 0 || slices.Contains(ops, d.Op)) })
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

// WithOp lists the dialects that --api name stands for and that have one of the operations.
func WithOp(name string, ops ...string) []string {
	var names []string
	for _, d := range family(name) {
		if slices.Contains(ops, d.Op) && !slices.Contains(names, d.Name) {
			names = append(names, d.Name)
		}
	}
	return names
}

// Takes says whether the API takes an input of this kind.
func (d Dialect) Takes(in Input) bool {
	_, err := d.input(in)
	return !errors.Is(err, errKind)
}

// Build makes a body of the input and the parameters, in their order. The names of parameters for which the API has no
// place are given back as dropped. It is a function of its arguments alone, so the body of many inputs that differ in a
// text can be made once and the text spliced in.
func (d Dialect) Build(in Input, params []Param) (body json.RawMessage, dropped []string, err error) {
	o, err := d.input(in)
	if errors.Is(err, errKind) {
		return nil, nil, fmt.Errorf("%s takes no %s", d.title(), in.kind())
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", d.title(), err)
	}
	// The model goes first, as everybody writes it.
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

// Set puts parameters into a body that is there; those that it has already are left alone unless override is set. The
// other keys and their order stay.
func (d Dialect) Set(body json.RawMessage, params []Param, override bool) (out json.RawMessage, dropped []string, err error) {
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

// set never writes into body, which may be the caller's.
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

// escape makes a key one step of a path.
func escape(key string) string {
	if strings.Trim(key, "0123456789") == "" {
		return ":" + key // a key of an object, not an index
	}
	return gjson.Escape(key)
}

// places is the table of the parameters that an API knows: where each goes, by its name in OpenAI's chat. A name that
// ends in [] takes a list, into which a single value is wrapped.
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

// raw is v as JSON. It is made of strings, numbers and JSON that was read, which always marshal.
func raw(v any) json.RawMessage {
	b, _ := json.MarshalWithOption(v, json.DisableHTMLEscape())
	return b
}

// prompt is an object with the text, token ids or texts under a key of its own, "" where the API does not take them.
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

// present reports whether a raw value is there and not null.
func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// text is a string, or a list of strings and of parts with a text in them.
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
