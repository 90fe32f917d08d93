package dataset

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"llmperf/internal/api"
	"llmperf/internal/dataset/synth"
	"llmperf/internal/request"
)

// Param is one parameter of the body that a flag gives.
type Param struct {
	api.Param
	Typed bool // the user wrote it: it overrides what a template or the data says. Otherwise it fills what is missing
}

// Model is one of the models that requests are spread over.
type Model struct {
	Name  string
	Share float64 // of the sum of all
}

// Shape makes bodies: it knows what the flags say, and nothing of where a prompt comes from.
type Shape struct {
	API          string          // a dialect; "" is as the input asks
	Custom       *api.Dialect    // in its place one that a specification describes; nil: none
	Chat         *bool           // a text is sent as a message of the user, not as it is; nil: where the API takes messages
	Template     json.RawMessage // nil: none
	Models       []Model
	Params       []Param // in the order in which they are written; the values of model and max_tokens are drawn
	MaxTokens    []int   // one number, or a range
	TokenIDs     bool    // Item.Text is a list of token ids
	UniquePrefix bool    // every prompt begins with some words of its own
	Seed         uint64
	Say          func(format string, args ...any)

	words  *synth.Words // of unique beginnings
	pieces []piece      // the body of a text alone, with gaps
	noText error        // why there is no such body
}

// piece is a part of a body that is the same for all texts, and the mark of the gap behind it.
type piece struct {
	text []byte
	gap  string
}

// Marks stand in a body for what differs from one to the next, in characters that no text has: Unicode leaves them to
// private use.
const (
	markText   = "\uF8A0\uF8A1\uF8A2"
	markTokens = "\uF8A0\uF8A1\uF8A3" // with its quotes
	markModel  = "\uF8A0\uF8A1\uF8A4" // with its quotes
	markIDs    = 7205759403792793     // a list of this one id
)

// uniqueWords begin a prompt that must be like no other: 26,000⁸ beginnings.
const uniqueWords = 8

// What is drawn for each request, so that no two draws use the same random numbers.
const (
	drawMaxTokens = 0x6d61785f746f6b
	drawModel     = 0x6d6f64656c
	drawUnique    = 0x756e69717565
)

// Compile works out all that is the same for every request.
func (s *Shape) Compile() error {
	if s.UniquePrefix {
		words, err := synth.O200k()
		if err != nil {
			return err
		}
		s.words = words
	}
	body, dropped, err := s.build(&Item{Text: []byte{}}, quoted(markModel), quoted(markTokens))
	if err != nil {
		s.noText = err // which a dataset of something else need not mind
		return nil
	}
	for _, p := range s.Params {
		if p.Typed && slices.Contains(dropped, p.Key) && p.Key != "seed" && s.Say != nil { // the seed has done its work
			d, _, _ := s.dialect(&Item{})
			s.Say("%s %s has no place for %s: it is left out", d.Name, d.Op, p.Key)
		}
	}
	gaps := []string{markText, string(quoted(markTokens)), string(quoted(markModel)), idsMark}
	for s.pieces = nil; ; {
		at, gap := len(body), ""
		for _, g := range gaps {
			if k := bytes.Index(body, []byte(g)); k >= 0 && k < at {
				at, gap = k, g
			}
		}
		s.pieces = append(s.pieces, piece{body[:at:at], gap})
		if gap == "" {
			return nil
		}
		body = body[at+len(gap):]
	}
}

var idsMark = "[" + strconv.Itoa(markIDs) + "]"

func quoted(mark string) json.RawMessage { return json.RawMessage(`"` + mark + `"`) }

// around is how long a body is without its text, about.
func (s *Shape) around() int {
	n := 0
	for _, p := range s.pieces {
		n += len(p.text) + 8
	}
	return n
}

// request makes request i, its body written behind dst.
func (s *Shape) request(dst []byte, i int64, it *Item) (r request.Request, buf []byte, err error) {
	r = it.Line
	if len(it.Turns) == 0 {
		start := len(dst)
		if dst, err = s.append(dst, i, it); err != nil {
			return r, dst, err
		}
		r.Body = dst[start:len(dst):len(dst)]
		return r, dst, nil
	}
	r.Body = nil
	for k := range it.Turns {
		later := *s
		if k > 0 {
			later.words = nil // the first turn begins the prompt of all
		}
		body, err := later.append(nil, i, &it.Turns[k].Item)
		if err != nil {
			return r, dst, err
		}
		r.Turns = append(r.Turns, request.Turn{Body: body, DelayMs: it.Turns[k].DelayMs})
	}
	return r, dst, nil
}

// append writes the body of request i to dst.
func (s *Shape) append(dst []byte, i int64, it *Item) ([]byte, error) {
	pieces := s.pieces
	if it.Text != nil && s.noText != nil {
		return dst, s.noText
	}
	if it.In != nil || it.Body != nil || it.Own != nil {
		body, _, err := s.build(it, s.model(nil, i), s.maxTokens(nil, i))
		if err != nil {
			return dst, err
		}
		if it.Text == nil {
			if s.words != nil {
				body, err = prepend(body, s.unique(nil, i))
			}
			return append(dst, body...), err
		}
		gap := markText
		if s.TokenIDs {
			gap = idsMark
		}
		before, after, _ := bytes.Cut(body, []byte(gap))
		pieces = []piece{{before, gap}, {text: after}}
	}
	for _, p := range pieces {
		dst = append(dst, p.text...)
		switch p.gap {
		case "":
		case markText, idsMark:
			if s.words != nil {
				dst = append(s.unique(dst, i), ' ')
			}
			dst = append(dst, it.Text...)
		default:
			if strings.Contains(p.gap, markModel) {
				dst = s.model(dst, i)
			} else {
				dst = s.maxTokens(dst, i)
			}
		}
	}
	return dst, nil
}

func (s *Shape) maxTokens(dst []byte, i int64) []byte {
	switch len(s.MaxTokens) {
	case 0:
		return append(dst, "null"...)
	case 1:
		return strconv.AppendInt(dst, int64(s.MaxTokens[0]), 10)
	}
	return strconv.AppendInt(dst, int64(synth.NewRand(s.Seed, drawMaxTokens, uint64(i)).Between(s.MaxTokens[0], s.MaxTokens[1])), 10)
}

func (s *Shape) model(dst []byte, i int64) []byte {
	if len(s.Models) == 0 {
		return append(dst, "null"...)
	}
	sum := 0.0
	for _, m := range s.Models {
		sum += m.Share
	}
	at, k := synth.NewRand(s.Seed, drawModel, uint64(i)).Float()*sum, 0
	for ; k < len(s.Models)-1 && at >= s.Models[k].Share; k++ {
		at -= s.Models[k].Share
	}
	return request.AppendString(dst, s.Models[k].Name)
}

// unique writes the words that begin request i and no other.
func (s *Shape) unique(dst []byte, i int64) []byte {
	dst, _ = s.words.Append(dst, nil, synth.NewRand(s.Seed, drawUnique, uint64(i)), uniqueWords) // o200k's words are proven
	return dst
}

// build makes a body as the rules have it: what the data says goes above the template, a flag that was typed above both,
// and a default fills what nobody says. A text is left as a mark. dropped are the parameters that the API has no place
// for.
func (s *Shape) build(it *Item, model, maxTokens json.RawMessage) (body json.RawMessage, dropped []string, err error) {
	params := s.params(it, model, maxTokens)
	body = it.Body
	var d api.Dialect
	if body == nil {
		var in api.Input
		if d, in, err = s.dialect(it); err != nil {
			return nil, nil, err
		}
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
	} else if d = s.ofBody(it.Line.URL, body); it.Bare && !slices.ContainsFunc(params, func(p Param) bool { return p.Typed }) {
		return body, nil, nil
	}
	if s.Template != nil {
		if body, err = s.fillTemplate(body, it.Text != nil); err != nil {
			return nil, nil, err
		}
	}
	for _, p := range params {
		if !p.Typed && p.Key == "max_tokens" && gjson.GetBytes(body, "max_completion_tokens").Exists() {
			continue
		}
		var lost []string
		if body, lost, err = d.Set(body, []api.Param{p.Param}, p.Typed); err != nil {
			return nil, nil, err
		}
		dropped = append(dropped, lost...)
	}
	return body, dropped, nil
}

// params are the parameters of one request: those of flags, and those of the data, which give way to none but typed ones.
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
		if at >= 0 && !p.Typed {
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
		in = api.Input{Messages: userMessage(markText)}
	}
	find := func() (api.Dialect, bool) {
		if s.Custom != nil {
			return *s.Custom, s.Custom.Takes(in)
		}
		return api.ForInput(s.API, in)
	}
	d, ok := find()
	if !ok && it.In == nil && !s.TokenIDs && s.Chat == nil {
		in = api.Input{Text: markText}
		d, ok = find()
	}
	if !ok {
		return d, in, fmt.Errorf("--api %s does not take %s", cmp.Or(s.API, d.Name), what(&in))
	}
	return d, in, nil
}

// ofBody finds the dialect of a body that the data brings.
func (s *Shape) ofBody(url string, body []byte) api.Dialect {
	if s.Custom != nil {
		return *s.Custom
	}
	d, _ := api.Select(s.API, url, body)
	return d
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

// userMessage is a list of messages of which the user's one is all.
func userMessage(text string) json.RawMessage {
	return append(request.AppendString([]byte(`[{"role":"user","content":`), text), "}]"...)
}

// fillTemplate puts what a body asks about into the template: a text where %p stands, all else under the keys that the
// body has it under.
func (s *Shape) fillTemplate(body json.RawMessage, text bool) (json.RawMessage, error) {
	if text && !s.TokenIDs && bytes.Contains(s.Template, []byte("%p")) {
		return bytes.ReplaceAll(s.Template, []byte("%p"), []byte(markText)), nil
	}
	filled, err := s.Template, error(nil)
	gjson.ParseBytes(body).ForEach(func(key, value gjson.Result) bool {
		filled, err = sjson.SetRawBytes(filled, gjson.Escape(key.String()), []byte(value.Raw))
		return err == nil
	})
	return filled, err
}

// ParseTemplate reads a query template: a JSON object in whose strings %m stands for the model and %p for the prompt.
func ParseTemplate(text []byte, models []Model) (json.RawMessage, error) {
	if err := checkObject(text); err != nil {
		return nil, err
	}
	one := []byte(gjson.GetBytes(text, "@ugly").Raw)
	switch {
	case !bytes.Contains(one, []byte("%m")):
	case len(models) == 0:
		return nil, ErrNoModel
	case len(models) > 1:
		return nil, errors.New("%m stands for one model, and several are named: leave it out, and model is set")
	default:
		one = bytes.ReplaceAll(one, []byte("%m"), request.AppendEscaped(nil, models[0].Name))
	}
	return one, nil
}

// ErrNoModel is a template with %m where no model is named.
var ErrNoModel = errors.New("%m stands for the model, and none is named")

// checkObject says what is wrong with text that should be a JSON object.
func checkObject(text []byte) error {
	var o map[string]json.RawMessage
	if err := json.Unmarshal(text, &o); err != nil {
		return fmt.Errorf("not a JSON object: %w", err)
	}
	return nil
}

// Value is v, which a flag holds, as JSON.
func Value(v any) json.RawMessage {
	b, err := json.MarshalWithOption(v, json.DisableHTMLEscape())
	if err != nil {
		panic(fmt.Sprintf("dataset: %T has no JSON", v))
	}
	return b
}
