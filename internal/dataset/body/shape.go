package body

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/api"
	"perfpipe/internal/dataset/synth"
	"perfpipe/internal/fastjson"
	"perfpipe/internal/request"
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
	API    string       // a dialect; "" is as the input asks
	Ops    []string     // the operations that bodies are for; none: any that takes the input
	Custom *api.Dialect // in its place one that a specification describes; nil: none
	// a text is sent as a message of the user, not as it is; nil: where the API takes messages
	Chat         *bool
	Template     json.RawMessage // nil: none
	Models       []Model
	Params       []Param    // in the order in which they are written; the values of model and max_tokens are drawn
	MaxTokens    []int      // one number, or a range
	Rendering    *Rendering // messages are sent as the text that this makes of them; nil: as messages
	TokenIDs     bool       // Item.Text is a list of token ids
	PromptTokens bool       // requests say how many tokens their prompts have, where that is known
	UniquePrefix bool       // every prompt begins with some words of its own
	Seed         uint64
	Say          func(format string, args ...any)

	words  *synth.Words // of unique beginnings
	pieces []piece      // the body of a text alone, with gaps
	noText error        // why there is no such body

	turn uint64 // of a conversation, counted from 0

	takes map[string]taker      // by what kind of input
	known map[string]*knownBody // by their URL and keys
	keys  []byte

	members fastjson.Members // of the last body that came without
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
	markValue  = "\uF8A0\uF8A1\uF8A5"
	markIDs    = 7205759403792793 // a list of this one id
)

// uniqueWords begin a prompt that must be like no other: more than 10²⁷ beginnings.
const uniqueWords = 8

// What is drawn for each request, so that no two draws use the same random numbers.
const (
	drawMaxTokens = 0x6d61785f746f6b
	drawModel     = 0x6d6f64656c
	drawUnique    = 0x756e69717565
)

// Compile works out all that is the same for every request.
func (s *Shape) Compile() error {
	s.known, s.takes = map[string]*knownBody{}, s.takers()
	if s.UniquePrefix {
		words, err := synth.O200kEveryday()
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
			s.Say("%s %s does not take %s: left out", d.Name, d.Op, p.Key)
		}
	}
	s.pieces = split(body)
	return nil
}

// split finds the marks in a body.
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

// Request makes request i, its body written behind dst.
func (s *Shape) Request(dst []byte, i int64, it *Item) (r request.Request, buf []byte, err error) {
	r = it.Line
	if s.Rendering != nil {
		if err := s.Rendering.apply(it); err != nil {
			return r, dst, err
		}
	}
	if len(it.Turns) == 0 {
		if s.PromptTokens || r.AtMs != nil { // which makes it an envelope anyway
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
	for k := range it.Turns {
		later := *s
		if later.turn = uint64(k); k > 0 {
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
	switch {
	case it.Text != nil && s.noText != nil:
		return dst, s.noText
	case it.In == nil && it.Body == nil && it.Own == nil:
		return s.fill(dst, s.pieces, i, it.Text), nil
	case it.Body != nil && it.Own == nil && s.Template == nil && s.words == nil:
		if tail := s.tail(it); tail != nil {
			dst = append(dst, bytes.TrimSuffix(it.Body, []byte("}"))...)
			return s.fill(dst, tail, i, nil), nil
		}
	}
	body, _, err := s.build(it, s.model(nil, i), s.maxTokens(nil, i))
	switch {
	case err != nil:
		return dst, err
	case it.Text != nil:
		return s.fill(dst, split(body), i, it.Text), nil
	case s.words != nil:
		body, err = prepend(body, s.unique(nil, i))
	}
	return append(dst, body...), err
}

// fill writes pieces and what belongs into their gaps.
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

// unique writes the words that begin request i and no other.
func (s *Shape) unique(dst []byte, i int64) []byte {
	// o200k's words are proven
	dst, _ = s.words.Append(dst, nil, synth.NewRand(s.Seed, drawUnique, uint64(i)), uniqueWords)
	return dst
}

// Value is v, which a flag holds, as JSON.
func Value(v any) json.RawMessage {
	b, err := json.MarshalWithOption(v, json.DisableHTMLEscape())
	if err != nil {
		panic(fmt.Sprintf("dataset: %T has no JSON", v))
	}
	return b
}
