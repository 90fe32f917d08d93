// Package request reads and writes the request line: what perf-gen writes and perf-send reads.
//
// A line is the JSON body of one HTTP request, or an envelope around a body, or around the turns of a conversation,
// with the method, URL, headers, arrival time and labels. Lines that name the same session are the requests of a graph,
// of which each starts when others have ended. docs/request.schema.json describes a line, docs/requests.md explains it.
package request

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/fastjson"
	"perfpipe/internal/jsonl"
)

// AgentLabel is the label with the agent of a session that sends a request. The main agent has none.
const AgentLabel = "agent"

// Request is a line: a body alone, or an envelope around a body or around the turns of a conversation.
type Request struct {
	ID      string            `json:"custom_id,omitempty"` // becomes the record's id
	Method  string            `json:"method,omitempty"`    // POST if absent
	URL     string            `json:"url,omitempty"`       // a path, resolved on the server's origin
	Headers map[string]string `json:"headers,omitempty"`
	AtMs    *float64          `json:"at_ms,omitempty"` // arrival, in ms from the start of the run
	Body    json.RawMessage   `json:"body,omitempty"`  // sent as it is
	Turns   []Turn            `json:"turns,omitempty"`
	Labels  map[string]string `json:"labels,omitempty"` // copied to the record

	Session string   `json:"session,omitempty"`  // of which the request is a part; empty: none
	After   []string `json:"after,omitempty"`    // ids of the requests of the session that must have ended
	History string   `json:"history,omitempty"`  // id of the request whose messages and reply precede those of Body
	DelayMs float64  `json:"delay_ms,omitempty"` // wait after the last of After has ended, in ms

	PromptTokens int `json:"prompt_tokens,omitempty"` // that the prompt was made of; 0: unknown
	OwnTokens    int `json:"-"`                       // of the prompt without History; 0: unknown

	Source  Source   `json:"-"` // for errors
	Unknown []string `json:"-"` // names of the members of the envelope and its turns that are not read
}

// Source is a line of an input.
type Source struct {
	File string
	Line int // counted from 1
}

func (s Source) String() string { return s.File + ":" + strconv.Itoa(s.Line) }

// Wrap returns err as the error of the line, a *jsonl.LineError.
func (s Source) Wrap(err error) error { return &jsonl.LineError{File: s.File, Line: s.Line, Err: err} }

// Turn is a step of a conversation. Its messages are appended to the history.
type Turn struct {
	Body    json.RawMessage `json:"body"`
	DelayMs float64         `json:"delay_ms,omitempty"` // wait after the end of the previous turn, in ms
}

// Parse parses a line. An object with the key body or turns is an envelope. Any other object is the body itself. The
// line is copied.
func Parse(line []byte) (Request, error) {
	var members [16]fastjson.Member
	var r Request
	_, err := r.Parse(line, members[:0])
	if err == nil && r.Turns == nil {
		r.Body = bytes.Clone(r.Body)
	}
	return r, err
}

// Parse parses a line into r, which must be empty. A body that is the line itself remains a slice of it, and its
// members are appended to list.
func (r *Request) Parse(line []byte, list fastjson.Members) (members fastjson.Members, err error) {
	if len(line) == 0 || line[0] != '{' {
		return list, fmt.Errorf("not a JSON object: %.40q", line)
	}
	if list, err = fastjson.AppendMembers(list, line); err != nil {
		return list, invalid(line)
	}
	if err := list.Distinct(); err != nil {
		return list, err
	}
	body, turns := list.Get("body") != nil, list.Get("turns") != nil
	switch {
	case !body && !turns:
		r.Body = line
		return list, nil
	case body && turns:
		return list, errors.New("an envelope has body or turns, not both")
	}
	if err := json.Unmarshal(line, r); err != nil {
		return list, fmt.Errorf("not a request envelope: %w", jsonl.Reason(err))
	}
	for i := range list {
		if name := list[i].Name; !known(name) && !known(bytes.ToLower(name)) { // json.Unmarshal ignores the case
			r.Unknown = append(r.Unknown, string(name))
		}
	}
	if turns {
		r.unknownOfTurns(list.Get("turns").Value)
	}
	return list[:0], r.check(turns)
}

// unknownOfTurns adds the members of turns that are not read to Unknown. It does not look into the bodies, which are
// long.
func (r *Request) unknownOfTurns(turns []byte) {
	var buf [512]byte
	rest := buf[:0]
	for _, t := range r.Turns {
		at := bytes.Index(turns, t.Body)
		if at < 0 || len(t.Body) == 0 {
			break
		}
		rest, turns = append(append(rest, turns[:at]...), '0'), turns[at+len(t.Body):]
	}
	s := fastjson.NewScanner(append(rest, turns...))
	s.Array(func() bool {
		return s.Object(func(key []byte) bool {
			if bytes.EqualFold(key, []byte("body")) || bytes.EqualFold(key, []byte("delay_ms")) {
				return s.Value()
			}
			if name := "turns[]." + string(key); !slices.Contains(r.Unknown, name) {
				r.Unknown = append(r.Unknown, name)
			}
			return s.Value()
		})
	})
}

// known reports whether a member of an envelope is read.
func known(name []byte) bool {
	switch string(name) {
	case "custom_id", "method", "url", "headers", "at_ms", "body", "turns", "labels",
		"session", "after", "history", "delay_ms", "prompt_tokens":
		return true
	}
	return false
}

func (r *Request) check(turns bool) error {
	if err := r.checkHTTP(); err != nil {
		return err
	}
	if err := r.checkSession(turns); err != nil {
		return err
	}
	switch {
	case r.PromptTokens < 0:
		return fmt.Errorf("prompt_tokens is negative: %d", r.PromptTokens)
	case r.AtMs != nil && math.Abs(*r.AtMs) > maxAtMs:
		return fmt.Errorf("at_ms is not a time: %g", *r.AtMs)
	}
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
		if err := checkDelay(t.DelayMs); err != nil {
			return fmt.Errorf("turns[%d].%w", i, err)
		}
	}
	return nil
}

// checkSession checks the members that make a line a part of a session.
func (r *Request) checkSession(turns bool) error {
	if i := strings.IndexFunc(r.Session, isControl); i >= 0 {
		return fmt.Errorf("session has a control character: %.60q", r.Session)
	}
	name := ""
	switch {
	case r.After != nil:
		name = "after"
	case r.History != "":
		name = "history"
	case r.DelayMs != 0:
		name = "delay_ms"
	}
	switch {
	case name == "":
		return nil
	case turns:
		return fmt.Errorf("%s is for lines with a body: turns have their own order", name)
	case r.Session == "":
		return fmt.Errorf("%s is for the requests of a session, and the line names none", name)
	}
	return checkDelay(r.DelayMs)
}

// Limits of times, in ms: a delay of a month, and an arrival that a time.Duration can hold.
const (
	maxDelayMs = 31 * 24 * 3600 * 1000
	maxAtMs    = 1 << 43
)

func checkDelay(ms float64) error {
	switch {
	case ms < 0:
		return errors.New("delay_ms is negative")
	case ms > maxDelayMs:
		return fmt.Errorf("delay_ms is more than a month: %g", ms)
	}
	return nil
}

func object(name string, raw json.RawMessage) error {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || raw[0] != '{' {
		return fmt.Errorf("%s is not a JSON object", name)
	}
	return nil
}

func invalid(line []byte) error {
	var v any
	if err := json.Unmarshal(line, &v); err != nil {
		return fmt.Errorf("not valid JSON: %w", err)
	}
	return errors.New("not valid JSON")
}

// MarshalJSON returns the body alone if there is nothing else.
func (r Request) MarshalJSON() ([]byte, error) {
	if r.bare() {
		return r.Body, nil
	}
	return r.Append(nil)
}

// Append appends the line without a line feed: the body alone if there is nothing else.
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

// Line returns the line without a line feed: the Body itself if there is nothing else, or else appended to buf.
func (r *Request) Line(buf []byte) ([]byte, error) {
	if r.bare() {
		return r.Body, nil
	}
	return r.Append(buf)
}

func (r *Request) bare() bool {
	return r.Body != nil && r.ID == "" && r.Method == "" && r.URL == "" && r.Headers == nil && r.AtMs == nil &&
		r.Labels == nil && r.Session == "" && r.PromptTokens == 0
}
