package body

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"perfpipe/internal/api"
	"perfpipe/internal/fastjson"
)

// build makes a body as the rules have it: what the data says goes above the template, a flag that was typed above
// both, and a default fills what nobody says. A text is left as a mark. dropped are the parameters that the API has no
// place for.
func (s *Shape) build(it *Item, model, maxTokens json.RawMessage) (body json.RawMessage, dropped []string, err error) {
	params := s.params(it, model, maxTokens)
	body = it.Body
	var d *api.Dialect
	if body == nil {
		found, in, err := s.dialect(it)
		if err != nil {
			return nil, nil, err
		}
		d = &found
		if s.Template == nil {
			all := make([]api.Param, len(params))
			for k, p := range params {
				all[k] = p.Param
			}
			return d.Build(in, all)
		}
		if body, _, err = d.Build(in, nil); err != nil {
			return nil, nil, err
		}
	} else {
		d = &s.ofBody(it).dialect
	}
	if s.Template != nil {
		if body, err = s.fillTemplate(body, it.Text != nil); err != nil {
			return nil, nil, err
		}
	}
	return s.set(body, *d, params)
}

// set puts parameters into a body that is there.
func (s *Shape) set(body json.RawMessage, d api.Dialect, params []Param) (_ json.RawMessage, dropped []string,
	err error) {
	for _, p := range params {
		if p.Key == "max_tokens" && gjson.GetBytes(body, "max_completion_tokens").Exists() { // OpenAI takes either, not both
			p.Key, p.Verbatim = "max_completion_tokens", true
		}
		var lost []string
		if body, lost, err = d.Set(body, []api.Param{p.Param}, p.Typed); err != nil {
			return nil, nil, err
		}
		dropped = append(dropped, lost...)
	}
	if gjson.GetBytes(body, "stream_options").Exists() && !gjson.GetBytes(body, "stream").Bool() && typedStream(params) {
		body, err = sjson.DeleteBytes(body, "stream_options") // which is an error without a stream
	}
	return body, dropped, err
}

func typedStream(params []Param) bool {
	return slices.ContainsFunc(params, func(p Param) bool { return p.Key == "stream" && p.Typed })
}

// params are the parameters of one request: those of flags, and those of the data, which give way to none but typed
// ones.
func (s *Shape) params(it *Item, model, maxTokens json.RawMessage) []Param {
	var all []Param
	own := slices.Clone(it.Own)
	for _, p := range s.Params {
		switch p.Key {
		case "model":
			p.Value = model
		case "max_tokens":
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

// dialect finds what takes the item, and the form in which it does.
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
		return found.dialect, in, fmt.Errorf("--api %s has no operation %s; there are %s", s.API, s.Ops[0],
			strings.Join(api.WithOp("", s.Ops...), ", "))
	default:
		return found.dialect, in, fmt.Errorf("--api %s does not take %s", cmp.Or(s.API, found.dialect.Name), what(&in))
	}
	return found.dialect, in, nil
}

// taker is the dialect that takes a kind of input, where one does.
type taker struct {
	dialect api.Dialect
	ok      bool
}

// takers finds them for each kind of input, by what that is in words.
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

// what says in words what an input is.
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

// UserMessage is a list of messages of which the user's one is all.
func UserMessage(text string) json.RawMessage {
	return append(fastjson.AppendString([]byte(`[{"role":"user","content":`), text), "}]"...)
}

// knownBody is what bodies of one file with the same keys have in common.
type knownBody struct {
	dialect api.Dialect
	tail    []piece // what is put in the place of the last brace, nil where more than that changes
}

// ofBody looks at a body that the data brings. Bodies of one file are much alike, so all is found out once for each set
// of keys. Data is read by one goroutine.
func (s *Shape) ofBody(it *Item) *knownBody {
	if it.Members == nil {
		var err error
		if s.members, err = fastjson.AppendMembers(s.members[:0], it.Body); err != nil {
			return s.newBody(it) // nested deeper than AppendMembers goes
		}
		it.Members = s.members
	}
	s.keys = append(append(s.keys[:0], it.Line.URL...), ' ')
	for k := range it.Members {
		name := it.Members[k].Name
		s.keys = append(binary.AppendUvarint(s.keys, uint64(len(name))), name...)
	}
	if k, ok := s.known[string(s.keys)]; ok {
		return k
	}
	k := s.newBody(it)
	s.known[string(s.keys)] = k
	return k
}

// newBody finds what bodies with the keys of this one have in common.
func (s *Shape) newBody(it *Item) *knownBody {
	k := &knownBody{}
	if s.Custom != nil {
		k.dialect = *s.Custom
	} else {
		k.dialect, _, _ = api.Select(s.API, it.Line.URL, it.Body)
	}
	// Parameters that a body lacks are mostly put at its end, whatever else is in it: then they are so in one that has
	// a mark for every value. What changes one of them is not a matter of the end.
	marked := []byte{'{'}
	gjson.ParseBytes(it.Body).ForEach(func(key, _ gjson.Result) bool {
		if len(marked) > 1 {
			marked = append(marked, ',')
		}
		marked = append(append(marked, key.Raw...), `:"`+markValue+`"`...)
		return true
	})
	body, _, err := s.set(append(marked, '}'), k.dialect, s.params(it, quoted(markModel), quoted(markTokens)))
	if err == nil && bytes.HasPrefix(body, marked) {
		k.tail = split(body[len(marked):])
	}
	return k
}

// tail is what all that is done to a body puts in the place of its last brace; nil where it is not as simple as that.
func (s *Shape) tail(it *Item) []piece {
	if it.Body[len(it.Body)-1] != '}' {
		return nil
	}
	return s.ofBody(it).tail
}
