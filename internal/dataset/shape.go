package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/goccy/go-json"

	"llmperf/internal/dataset/synth"
	"llmperf/internal/request"
)

// Param is one key of the body that a flag sets.
type Param struct {
	Key   string
	Value json.RawMessage
	Typed bool // the user wrote it: it overrides what a template or the data says. Otherwise it fills what is missing
}

// Shape makes bodies: it knows what the flags say, and nothing of where a prompt comes from.
type Shape struct {
	Chat      bool           // messages, not prompt
	Template  request.Object // nil: none
	Params    []Param        // in the order in which they are written
	MaxTokens []int          // one number, or a range of which each request draws one; Typed as the Param max_tokens
	Seed      uint64

	pieces []piece // the body of a prompt alone, with gaps
}

// piece is a part of a body that is the same for all prompts, and what stands behind it.
type piece struct {
	text []byte
	gap  byte
}

// Gaps are written as bytes that no JSON holds.
const (
	gapPrompt    = 1
	gapMaxTokens = 2
)

func gap(kind byte) []byte { return []byte{0xFF, kind} }

// Compile works out all that is the same for every request.
func (s *Shape) Compile() error {
	body, err := s.object(&Item{Text: gap(gapPrompt)}, gap(gapMaxTokens))
	if err != nil {
		return err
	}
	s.pieces = nil
	for text := body.Append(nil); ; {
		at := bytes.IndexByte(text, 0xFF)
		if at < 0 {
			s.pieces = append(s.pieces, piece{text: text})
			return nil
		}
		s.pieces = append(s.pieces, piece{text[:at], text[at+1]})
		text = text[at+2:]
	}
}

// around is how long a body is without its prompt, about.
func (s *Shape) around() int {
	n := 0
	for _, p := range s.pieces {
		n += len(p.text) + 8
	}
	return n
}

// Append writes the body of request i to dst.
func (s *Shape) Append(dst []byte, i int64, it *Item) ([]byte, error) {
	if it.Own != nil {
		body, err := s.object(it, s.maxTokens(nil, i))
		if err != nil {
			return dst, err
		}
		return body.Append(dst), nil
	}
	for _, p := range s.pieces {
		dst = append(dst, p.text...)
		switch p.gap {
		case gapPrompt:
			dst = append(dst, it.Text...)
		case gapMaxTokens:
			dst = s.maxTokens(dst, i)
		}
	}
	return dst, nil
}

// drawMaxTokens keeps apart what is drawn for the same request.
const drawMaxTokens = 0x6d61785f746f6b

func (s *Shape) maxTokens(dst []byte, i int64) []byte {
	switch len(s.MaxTokens) {
	case 0:
		return dst
	case 1:
		return strconv.AppendInt(dst, int64(s.MaxTokens[0]), 10)
	}
	return strconv.AppendInt(dst, int64(synth.NewRand(s.Seed, drawMaxTokens, uint64(i)).Between(s.MaxTokens[0], s.MaxTokens[1])), 10)
}

// object is the body as it follows from the rules: what the data says goes above the template, a flag that was typed
// above both, and a default fills what nobody says.
func (s *Shape) object(it *Item, maxTokens []byte) (request.Object, error) {
	var body request.Object
	if !it.Bare {
		for _, p := range s.Params {
			if p.Key == "model" {
				body.Set(p.Key, p.Value)
			}
		}
		for _, f := range s.Template {
			body.Set(f.Key, f.Value)
		}
	}
	if it.Text != nil {
		if err := s.place(&body, it.Text); err != nil {
			return nil, err
		}
	}
	for _, f := range it.Own {
		body.Set(f.Key, f.Value)
	}
	for _, p := range s.Params {
		if p.Key == "max_tokens" {
			p.Value = maxTokens
			if !p.Typed && body.Get("max_completion_tokens") != nil {
				continue
			}
		}
		if p.Typed || !it.Bare && body.Get(p.Key) == nil {
			body.Set(p.Key, p.Value)
		}
	}
	return body, nil
}

// place puts a prompt into a body: where the template has %p, else under the key that carries prompts.
func (s *Shape) place(body *request.Object, text []byte) error {
	found := false
	for i, f := range *body {
		if bytes.Contains(f.Value, promptMark) {
			(*body)[i].Value = bytes.ReplaceAll(f.Value, promptMark, text)
			found = true
		}
	}
	quoted := append(append([]byte{'"'}, text...), '"')
	switch {
	case found:
	case body.Get("input") != nil:
		body.Set("input", quoted)
	case s.Chat && body.Get("prompt") == nil || body.Get("messages") != nil:
		body.Set("messages", append(append([]byte(`[{"role":"user","content":`), quoted...), "}]"...))
	default:
		body.Set("prompt", quoted)
	}
	return nil
}

var (
	promptMark = []byte("%p")
	modelMark  = []byte("%m")
)

// ParseTemplate reads a query template: a JSON object in whose strings %m stands for the model and %p for the prompt.
func ParseTemplate(text []byte, model string) (request.Object, error) {
	o, err := request.ParseObject(text)
	if err != nil {
		return nil, err
	}
	for i, f := range o {
		if bytes.Contains(f.Value, modelMark) {
			if model == "" {
				return nil, ErrNoModel
			}
			o[i].Value = bytes.ReplaceAll(f.Value, modelMark, request.AppendEscaped(nil, model))
		}
	}
	return o, nil
}

// ErrNoModel is a template with %m where no model is named.
var ErrNoModel = errors.New("%m stands for the model, and none is named")

// Value is v, which a flag holds, as JSON.
func Value(v any) json.RawMessage {
	b, err := json.MarshalWithOption(v, json.DisableHTMLEscape())
	if err != nil {
		panic(fmt.Sprintf("dataset: %T has no JSON", v))
	}
	return b
}
