package body

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"perfpipe/internal/api"
	"perfpipe/internal/fastjson"
	"perfpipe/internal/fault"
)

// build returns a body: what the data contains overrides the template, a flag set by the user overrides both, and a
// default fills what is missing. A text is left as a mark. Flags that the API does not accept are logged.
func (s *Shape) build(it *Item, model, maxTokens json.RawMessage) (body json.RawMessage, err error) {
	var d *api.Dialect
	if it.Body != nil {
		d = &s.ofBody(it).dialect // which also sets Bare
	}
	params := s.params(it, model, maxTokens)
	if body = it.Body; body == nil {
		found, in, err := s.dialect(it)
		if err != nil {
			return nil, err
		}
		d = &found
		if s.Template == nil {
			all := make([]api.Param, len(params))
			for k, p := range params {
				all[k] = p.Param
			}
			body, dropped, err := d.Build(in, all)
			s.leftOut(d, params, dropped)
			return body, err
		}
		if body, _, err = d.Build(in, nil); err != nil {
			return nil, err
		}
	}
	if s.Template != nil {
		if body, err = s.fillTemplate(body, it.Text != nil); err != nil {
			return nil, err
		}
	}
	return s.set(body, *d, params)
}

// leftOut logs the parameters of flags and of the data that an API does not accept.
func (s *Shape) leftOut(d *api.Dialect, params []Param, dropped []string) {
	if len(dropped) == 0 {
		return
	}
	for _, p := range params {
		if p.Typed && slices.Contains(dropped, p.Key) && p.Key != "seed" { // the seed has had its effect
			s.once("%s %s does not take %s: left out", d.Name, d.Op, p.Key)
		}
	}
}

// set sets parameters in an existing body.
func (s *Shape) set(body json.RawMessage, d api.Dialect, params []Param) (_ json.RawMessage, err error) {
	var dropped []string
	for _, p := range params {
		// OpenAI accepts one of them, not both
		if p.Key == "max_tokens" && gjson.GetBytes(body, "max_completion_tokens").Exists() {
			p.Key, p.Verbatim = "max_completion_tokens", true
		}
		var lost []string
		if body, lost, err = d.Set(body, []api.Param{p.Param}, p.Typed); err != nil {
			return nil, err
		}
		dropped = append(dropped, lost...)
	}
	s.leftOut(&d, params, dropped)
	if gjson.GetBytes(body, "stream_options").Exists() && !gjson.GetBytes(body, "stream").Bool() && typedStream(params) {
		body, err = sjson.DeleteBytes(body, "stream_options") // an error without a stream
	}
	return body, err
}

func typedStream(params []Param) bool {
	return slices.ContainsFunc(params, func(p Param) bool { return p.Key == "stream" && p.Typed })
}

// params returns the parameters of one request. Those of the data are overridden only by flags that the user set.
func (s *Shape) params(it *Item, model, maxTokens json.RawMessage) []Param {
	var all []Param
	own := slices.Clone(it.Own)
	for _, p := range s.Params {
		switch {
		case p.Verbatim:
		case p.Key == "model":
			p.Value = model
		case p.Key == "max_tokens":
			p.Value = maxTokens
		}
		at := slices.IndexFunc(own, func(o api.Param) bool { return o.Key == p.Key })
		if at >= 0 && (!p.Typed || it.Length && p.Key == "max_tokens") {
			p = Param{own[at], true}
		} else if !p.Typed && it.Bare {
			continue
		}
		if at >= 0 {
			own = slices.Delete(own, at, at+1)
		}
		all = append(all, p)
	}
	for _, o := range own {
		all = append(all, Param{o, true})
	}
	return all
}

// dialect returns the dialect that accepts the item, and the item in the form that it accepts.
func (s *Shape) dialect(it *Item) (api.Dialect, api.Input, error) {
	in := api.Input{Text: markText}
	switch {
	case it.In != nil:
		in = *it.In
	case s.TokenIDs:
		in = api.Input{Tokens: []int{markIDs}}
	case s.Chat == nil || *s.Chat:
		in = api.Input{Messages: UserMessage(markText)}
	}
	found := s.takes[what(&in)]
	if !found.ok && it.In == nil && !s.TokenIDs && s.Chat == nil {
		in = api.Input{Text: markText}
		found = s.takes[what(&in)]
	}
	switch {
	case found.ok:
	case s.Custom == nil && len(s.Ops) > 0 && len(api.WithOp(s.API, s.Ops...)) == 0:
		return found.dialect, in, fault.Of("api", "", "%s has no operation %s; there are %s", s.API, s.Ops[0],
			strings.Join(api.WithOp("", s.Ops...), ", "))
	default:
		return found.dialect, in, fault.Of("api", "", "%s does not take %s", cmp.Or(s.API, found.dialect.Name), what(&in))
	}
	return found.dialect, in, nil
}

// taker is the dialect that accepts a kind of input; ok is false if there is none.
type taker struct {
	dialect api.Dialect
	ok      bool
}

// takers returns the taker of each kind of input, by the name that what returns.
func (s *Shape) takers() map[string]taker {
	all := map[string]taker{}
	for _, in := range []api.Input{{Messages: UserMessage("")}, {Tokens: []int{0}}, {Texts: []string{""}},
		{Documents: []string{""}}, {}} {
		var t taker
		if s.Custom != nil {
			t = taker{*s.Custom, s.Custom.Takes(in)}
		} else {
			t.dialect, t.ok = api.ForInput(s.API, in, s.Ops...)
		}
		all[what(&in)] = t
	}
	return all
}

// what names the kind of an input.
func what(in *api.Input) string {
	switch {
	case in.Messages != nil:
		return "messages"
	case in.Tokens != nil:
		return "token ids"
	case in.Texts != nil:
		return "a batch of texts"
	case in.Documents != nil:
		return "a query with documents"
	}
	return "a text as it is"
}

// UserMessage returns a list of one message of the user.
func UserMessage(text string) json.RawMessage {
	return append(fastjson.AppendString([]byte(`[{"role":"user","content":`), text), "}]"...)
}

// knownBody is what bodies with the same keys have in common.
type knownBody struct {
	dialect api.Dialect
	foreign bool    // they are not of the API that the user names
	tail    []piece // replaces the last brace; nil if more than that changes
}

// ofBody analyses a body of the data. Bodies of a file are alike, so this is done once for each set of keys. One
// goroutine reads the data.
func (s *Shape) ofBody(it *Item) *knownBody {
	if it.Members == nil {
		var err error
		if s.members, err = fastjson.AppendMembers(s.members[:0], it.Body); err != nil {
			return s.newBody(it) // nested too deep for AppendMembers
		}
		it.Members = s.members
	}
	s.keys = append(append(s.keys[:0], it.Line.URL...), ' ')
	for k := range it.Members {
		name := it.Members[k].Name
		s.keys = append(binary.AppendUvarint(s.keys, uint64(len(name))), name...)
	}
	k, ok := s.known[string(s.keys)]
	if !ok {
		k = s.newBody(it)
		s.known[string(s.keys)] = k
	}
	it.Bare = it.Bare || k.foreign && s.API == "" // the places of defaults are not known
	return k
}

// newBody analyses a body with a new set of keys.
func (s *Shape) newBody(it *Item) *knownBody {
	if s.TokenIDs {
		s.once("bodies of the data are sent as they are, not as token ids")
	}
	k := &knownBody{}
	if s.Custom != nil {
		k.dialect = *s.Custom
	} else {
		var fits bool
		k.dialect, _, fits = api.Select(s.API, it.Line.URL, it.Body)
		if k.foreign = !fits; k.foreign && s.API == "" && !it.Bare {
			s.once("bodies of no API that is known get no defaults, and flags are written under their own names")
			it.Bare = true
		}
	}
	// Missing parameters are usually appended, whatever else a body contains. Then they are also appended to a body that
	// has a mark in the place of every value. If that changes elsewhere, the body needs more than a tail.
	marked := []byte{'{'}
	gjson.ParseBytes(it.Body).ForEach(func(key, _ gjson.Result) bool {
		if len(marked) > 1 {
			marked = append(marked, ',')
		}
		marked = append(append(marked, key.Raw...), `:"`+markValue+`"`...)
		return true
	})
	body, err := s.set(append(marked, '}'), k.dialect, s.params(it, quoted(markModel), quoted(markTokens)))
	if err == nil && bytes.HasPrefix(body, marked) {
		k.tail = split(body[len(marked):])
	}
	return k
}

// tail returns the replacement of the last brace that makes a body complete, or nil if that is not enough.
func (s *Shape) tail(it *Item) []piece {
	if it.Body[len(it.Body)-1] != '}' {
		return nil
	}
	return s.ofBody(it).tail
}
