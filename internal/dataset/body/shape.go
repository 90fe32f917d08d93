package body

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/goccy/go-json"

	"perfpipe/internal/api"
	"perfpipe/internal/dataset/synth"
	"perfpipe/internal/fastjson"
	"perfpipe/internal/request"
)

// Param is one parameter of the body.
type Param struct {
	api.Param
	Typed bool // set by the user: overrides a template and the data; otherwise it is a default
}

// Model is one of the models among which requests are distributed.
type Model struct {
	Name  string
	Share float64 // relative to the sum of all shares
}

// ParseModels parses a name, or a mix such as a=0.7,b=0.3.
func ParseModels(text string) (mix []Model, err error) {
	if text == "" {
		return nil, nil
	}
	words := strings.Split(text, ",")
	for _, word := range words {
		at := strings.LastIndex(word, "=")
		share, err := strconv.ParseFloat(word[at+1:], 64)
		if at > 0 && err == nil && share > 0 {
			mix = append(mix, Model{Name: word[:at], Share: share})
		}
	}
	switch len(mix) {
	case len(words):
		return mix, nil
	case 0:
		return []Model{{Name: text, Share: 1}}, nil
	}
	return nil, errors.New("some of it have a share above 0, and some not")
}

// Override replaces parameters by others of the same name, as evalscope does, and appends the rest.
func (s *Shape) Override(params []Param) {
	for _, p := range params {
		at := slices.IndexFunc(s.Params, func(o Param) bool {
			return o.Key == p.Key || o.Key == "max_tokens" && p.Key == "max_completion_tokens"
		})
		if at < 0 {
			at, s.Params = len(s.Params), append(s.Params, p)
		}
		s.Params[at] = p
	}
}

// Shape makes bodies. It holds what is the same for all requests, and does not depend on the source of the items.
type Shape struct {
	API    string       // dialect; "" is determined by the input
	Ops    []string     // operations of the bodies; nil: any that accepts the input
	Custom *api.Dialect // dialect of a specification; nil: none
	// send a text as a message of the user rather than as a prompt; nil: if the API accepts messages
	Chat         *bool
	Template     json.RawMessage // nil: none
	Models       []Model
	Params       []Param    // in the order of the body; model and max_tokens are drawn, unless they are verbatim
	MaxTokens    []int      // one value, or a range
	Rendering    *Rendering // renders messages to a prompt; nil: messages are sent
	TokenIDs     bool       // Item.Text is a list of token ids
	PromptTokens bool       // requests contain the number of tokens of their prompts, if known
	UniquePrefix bool       // every prompt begins with a few random words
	Seed         uint64
	Say          func(format string, args ...any)

	words  *synth.Words // of unique prefixes
	pieces []piece      // the body of a plain text, with gaps
	noText error        // the reason if there is no such body

	turn  uint64 // index of the turn in its conversation
	later bool   // messages are appended to those of an earlier request

	oneAPI bool // API is one of those that have a chat, and not a server that has several

	takes map[string]taker      // by the name of the kind of input
	known map[string]*knownBody // by their URL and keys
	keys  []byte
	told  *sync.Map // facts that were logged

	system systems // of the current session

	members fastjson.Members // buffer for bodies without parsed members
}

// piece is a constant part of a body, and the mark of the gap after it.
type piece struct {
	text []byte
	gap  string
}

// Marks stand for the variable parts of a body. They consist of private use characters, which no text contains.
const (
	markText   = "\uF8A0\uF8A1\uF8A2"
	markTokens = "\uF8A0\uF8A1\uF8A3" // with its quotes
	markModel  = "\uF8A0\uF8A1\uF8A4" // with its quotes
	markValue  = "\uF8A0\uF8A1\uF8A5"
	markIDs    = 7205759403792793 // a list of this one id
)

// Domains of random draws, so that no two draws use the same random numbers.
const (
	drawMaxTokens = 0x6d61785f746f6b
	drawModel     = 0x6d6f64656c
	drawUnique    = 0x756e69717565
)

// Compile prepares what is the same for every request.
func (s *Shape) Compile() error {
	s.known, s.takes, s.told = map[string]*knownBody{}, s.takers(), &sync.Map{}
	s.oneAPI = len(api.WithOp(s.API, "chat")) == 1
	if s.UniquePrefix {
		words, err := synth.O200kEveryday()
		if err != nil {
			return err
		}
		s.words = words
	}
	body, err := s.build(&Item{Text: []byte{}}, quoted(markModel), quoted(markTokens))
	if err != nil {
		s.noText = err // irrelevant unless the dataset has plain texts
		return nil
	}
	s.pieces = split(body)
	return nil
}

// split splits a body at its marks.
func split(body []byte) (pieces []piece) {
	gaps := []string{markText, string(quoted(markTokens)), string(quoted(markModel)), idsMark}
	for {
		at, gap := len(body), ""
		for _, g := range gaps {
			if k := bytes.Index(body, []byte(g)); k >= 0 && k < at {
				at, gap = k, g
			}
		}
		pieces = append(pieces, piece{body[:at:at], gap})
		if gap == "" {
			return pieces
		}
		body = body[at+len(gap):]
	}
}

var idsMark = "[" + strconv.Itoa(markIDs) + "]"

func quoted(mark string) json.RawMessage { return json.RawMessage(`"` + mark + `"`) }

// Request returns request i. Its body is appended to dst.
func (s *Shape) Request(dst []byte, i int64, it *Item) (r request.Request, buf []byte, err error) {
	if err := s.translate(it, s.system.of(&it.Line) != nil); err != nil {
		return r, dst, err
	}
	r = it.Line
	numbered := r.History == "" && (s.PromptTokens || r.AtMs != nil || r.Session != "")
	if s.Rendering != nil {
		if err := s.Rendering.apply(it, numbered); err != nil {
			return r, dst, err
		}
	}
	s.keepSystem(&r, it)
	if r.Session != "" {
		s, i = s.ofSession(&r)
	}
	if s.words != nil { // whose number of tokens depends on the text behind them
		it.Tokens, r.PromptTokens = 0, 0
		if s.PromptTokens {
			s.once("requests have no number of tokens: a unique prefix is not counted")
		}
	}
	r.OwnTokens = it.Tokens
	if len(it.Turns) == 0 {
		// An arrival or a session makes it an envelope anyway. A history has tokens of its own.
		if numbered {
			r.PromptTokens = cmp.Or(it.Tokens, r.PromptTokens)
		}
		start := len(dst)
		if dst, err = s.append(dst, i, it); err != nil {
			return r, dst, err
		}
		r.Body = dst[start:len(dst):len(dst)]
		return r, dst, nil
	}
	r.Body = nil
	var system []json.RawMessage
	for k := range it.Turns {
		later := *s
		if later.turn = uint64(k); k > 0 {
			later.words, later.later = nil, true // the first turn is the prefix of all others
		}
		if err := later.translate(&it.Turns[k].Item, system != nil); err != nil {
			return r, dst, err
		}
		if s.apart(&it.Turns[k].Item) {
			system = withSystem(&it.Turns[k].Item, system)
		}
		body, err := later.append(nil, i, &it.Turns[k].Item)
		if err != nil {
			return r, dst, err
		}
		r.Turns = append(r.Turns, request.Turn{Body: body, DelayMs: it.Turns[k].DelayMs})
	}
	return r, dst, nil
}

// ofSession returns the shape of a request of a session, and its index for draws: the requests of a session share a
// model and a unique prefix, which is that of the history if there is one.
func (s *Shape) ofSession(r *request.Request) (*Shape, int64) {
	own := *s
	own.turn = xxhash.Sum64String(r.ID)
	if r.History != "" {
		own.words, own.later = nil, true
	}
	return &own, int64(xxhash.Sum64String(r.Session) >> 1)
}

// append appends the body of request i to dst.
func (s *Shape) append(dst []byte, i int64, it *Item) ([]byte, error) {
	switch {
	case it.Text != nil && s.noText != nil:
		return dst, s.noText
	case it.In == nil && it.Body == nil && it.Own == nil && !(s.later && s.Template != nil):
		return s.fill(dst, s.pieces, i, it.Text), nil
	case it.Body != nil && it.Own == nil && s.Template == nil && s.words == nil:
		if tail := s.tail(it); tail != nil {
			dst = append(dst, bytes.TrimSuffix(it.Body, []byte("}"))...)
			return s.fill(dst, tail, i, nil), nil
		}
	}
	body, err := s.build(it, s.model(nil, i), s.maxTokens(nil, i))
	switch {
	case err != nil:
		return dst, err
	case it.Text != nil:
		return s.fill(dst, split(body), i, it.Text), nil
	case s.words != nil:
		body, err = s.prepend(body, i)
	}
	return append(dst, body...), err
}

// fill appends pieces and the contents of their gaps.
func (s *Shape) fill(dst []byte, pieces []piece, i int64, text []byte) []byte {
	for _, p := range pieces {
		dst = append(dst, p.text...)
		switch {
		case p.gap == "":
		case p.gap == markText || p.gap == idsMark:
			if s.words != nil {
				dst = append(s.unique(dst, i), ' ')
			}
			dst = append(dst, text...)
		case strings.Contains(p.gap, markModel):
			dst = s.model(dst, i)
		default:
			dst = s.maxTokens(dst, i)
		}
	}
	return dst
}

func (s *Shape) maxTokens(dst []byte, i int64) []byte {
	switch len(s.MaxTokens) {
	case 0:
		return append(dst, "null"...)
	case 1:
		return strconv.AppendInt(dst, int64(s.MaxTokens[0]), 10)
	}
	return strconv.AppendInt(dst, int64(synth.NewRand(s.Seed, drawMaxTokens, uint64(i), s.turn).Between(s.MaxTokens[0],
		s.MaxTokens[1])), 10)
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
	return fastjson.AppendString(dst, s.Models[k].Name)
}

// once logs a fact the first time that it occurs.
func (s *Shape) once(format string, args ...any) {
	if _, said := s.told.LoadOrStore(fmt.Sprintf(format, args...), true); !said && s.Say != nil {
		s.Say(format, args...)
	}
}

// Value returns v as JSON. It panics if v has none.
func Value(v any) json.RawMessage {
	b, err := json.MarshalWithOption(v, json.DisableHTMLEscape())
	if err != nil {
		panic(fmt.Sprintf("dataset: %T has no JSON", v))
	}
	return b
}
