// Package request is the request line: what perf-gen writes and perf-send reads.
package request

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"llmperf/internal/jsonl"
)

// Request is one line: a body alone, or an envelope around a body or the turns of a conversation.
type Request struct {
	ID      string            `json:"custom_id,omitempty"` // becomes the record's id
	Method  string            `json:"method,omitempty"`    // POST where absent
	URL     string            `json:"url,omitempty"`       // a path, joined to the origin of --url
	Headers map[string]string `json:"headers,omitempty"`
	AtMs    *float64          `json:"at_ms,omitempty"` // arrival, ms from the start of the run
	Body    json.RawMessage   `json:"body,omitempty"`  // POSTed as it stands
	Turns   []Turn            `json:"turns,omitempty"`
	Labels  map[string]string `json:"labels,omitempty"` // copied to the record

	Source    string `json:"-"` // file:line, for errors
	Target    any    `json:"-"` // where the sender found that it goes
	Want      int    `json:"-"` // tokens that the answer must have, as the sender found; 0: any
	WantReply bool   `json:"-"` // the record shall carry the reply: a turn of a conversation
}

// Turn is one step of a conversation: its messages are appended to the history.
type Turn struct {
	Body    json.RawMessage `json:"body"`
	DelayMs float64         `json:"delay_ms,omitempty"` // waited after the previous turn's end
}

// Parse reads one line. An object with the key body or turns is an envelope; any other object is the body itself. The
// line is copied.
func Parse(line []byte) (Request, error) {
	if len(line) == 0 || line[0] != '{' {
		return Request{}, fmt.Errorf("not a JSON object: %.40q", line)
	}
	var r Request
	if !mayBeEnvelope(line) {
		if !json.Valid(line) {
			return Request{}, invalid(line)
		}
		return Request{Body: bytes.Clone(line)}, nil
	}
	var body, turns bool
	gjson.ParseBytes(line).ForEach(func(key, _ gjson.Result) bool {
		body, turns = body || key.Str == "body", turns || key.Str == "turns"
		return true
	})
	switch {
	case !json.Valid(line):
		return Request{}, invalid(line)
	case !body && !turns:
		return Request{Body: bytes.Clone(line)}, nil
	case body && turns:
		return Request{}, errors.New("an envelope has body or turns, not both")
	}
	if err := json.Unmarshal(line, &r); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			err = fmt.Errorf("%s is of type %s", wrong.Field, wrong.Value)
		}
		return Request{}, fmt.Errorf("not a request envelope: %w", err)
	}
	return r, r.check(turns)
}

func (r *Request) check(turns bool) error {
	if !turns {
		return object("body", r.Body)
	}
	if len(r.Turns) == 0 {
		return errors.New("turns is empty")
	}
	for i, t := range r.Turns {
		if err := object(fmt.Sprintf("turns[%d].body", i), t.Body); err != nil {
			return err
		}
		if t.DelayMs < 0 {
			return fmt.Errorf("turns[%d].delay_ms is negative", i)
		}
	}
	return nil
}

func object(name string, raw json.RawMessage) error {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || raw[0] != '{' {
		return fmt.Errorf("%s is not a JSON object", name)
	}
	return nil
}

// mayBeEnvelope spares bodies, which are long and many, the decoding into a map: neither key stands in most of them,
// not even as text. Their letters may be written as \u006… and \u007….
func mayBeEnvelope(line []byte) bool {
	return bytes.Contains(line, []byte(`"body"`)) || bytes.Contains(line, []byte(`"turns"`)) ||
		bytes.Contains(line, []byte(`\u006`)) || bytes.Contains(line, []byte(`\u007`))
}

func invalid(line []byte) error {
	var v any
	if err := json.Unmarshal(line, &v); err != nil {
		return fmt.Errorf("not valid JSON: %w", err)
	}
	return errors.New("not valid JSON")
}

// MarshalJSON writes the body alone where it says it all.
func (r Request) MarshalJSON() ([]byte, error) {
	if r.bare() {
		return r.Body, nil
	}
	return r.Append(nil)
}

// Read gives the requests of r, each with its Source. A bad line is a *jsonl.LineError and reading goes on.
func Read(r io.Reader, file string) iter.Seq2[Request, error] {
	return func(yield func(Request, error) bool) {
		for line, err := range jsonl.Lines(r) {
			if err != nil {
				yield(Request{}, fmt.Errorf("%s: %w", file, err))
				return
			}
			q, err := Parse(line.Bytes)
			if err != nil {
				q, err = Request{}, &jsonl.LineError{File: file, Line: line.N, Err: err}
			}
			q.Source = file + ":" + strconv.Itoa(line.N)
			if !yield(q, err) {
				return
			}
		}
	}
}

// Append writes the line to dst, without a line feed: the body alone where it says it all.
func (r *Request) Append(dst []byte) ([]byte, error) {
	if r.bare() {
		return append(dst, r.Body...), nil
	}
	type envelope Request
	b, err := json.MarshalWithOption((*envelope)(r), json.DisableHTMLEscape())
	if err != nil {
		return dst, err
	}
	return append(dst, b...), nil
}

// Line is the line without a line feed: the Body itself where that says it all, else written into buf.
func (r *Request) Line(buf []byte) ([]byte, error) {
	if r.bare() {
		return r.Body, nil
	}
	return r.Append(buf)
}

func (r *Request) bare() bool {
	return r.Body != nil && r.ID == "" && r.Method == "" && r.URL == "" && r.Headers == nil && r.AtMs == nil && r.Labels == nil
}
