package dataset

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"perfpipe/internal/fastjson"
	"perfpipe/internal/fault"
	"perfpipe/internal/request"
)

// looksRequest detects bodies and envelopes of our own, such as the line of an OpenAI batch file.
func looksRequest(s *sample) bool {
	return !s.texts && slices.ContainsFunc(s.objects, func(v gjson.Result) bool {
		return isEnvelope(v) || isBody(v)
	})
}

func requestLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	r, err := request.Parse([]byte(v.Raw))
	if err == nil && r.Turns == nil && v.Get("custom_id").Exists() && !v.Get("body").Exists() {
		err = errors.New("an envelope without body or turns")
	}
	if err == nil {
		err = t.o.areBodies(r)
	}
	if err != nil {
		return true, err
	}
	if r.Turns != nil && len(r.Turns) < t.o.MinTurns {
		t.skip(fmt.Sprintf("a conversation of fewer than %d turns", t.o.MinTurns))
		return false, nil
	}
	err = t.line(it, r)
	it.Turns = t.o.most(it.Turns)
	return true, err
}

// areBodies returns an error if the body, or that of a turn, is not one.
func (o *Options) areBodies(r request.Request) error {
	if o.anyBody {
		return nil
	}
	if r.Turns == nil {
		return isSent(r.Body)
	}
	for i, turn := range r.Turns {
		if err := isSent(turn.Body); err != nil {
			return fmt.Errorf("turns[%d]: %w", i, err)
		}
	}
	return nil
}

// isSent returns an error if an object is not the body of a request, or an ambiguous one.
func isSent(text []byte) error {
	if body := gjson.ParseBytes(text); !wasSent(body) {
		return notBody(body)
	}
	members, err := fastjson.AppendMembers(nil, text)
	if err != nil {
		return nil // nested too deep for AppendMembers
	}
	return members.Distinct()
}

// notBody returns the error of an object in the place of a body.
func notBody(v gjson.Result) error {
	return fmt.Errorf("not the body of a request: it has the keys %s", strings.Join(keysOf(v), ", "))
}

// line copies a request line without credentials.
func (c *capture) line(it *Item, r request.Request) (err error) {
	c.ignored(r)
	headers := r.Headers
	it.Line, it.Bare = r, true
	it.Line.Headers, it.Line.Turns = nil, nil
	for name, value := range headers {
		c.header(it, name, value)
	}
	if it.Line.URL, err = c.address(r.URL); err != nil {
		return err
	}
	if r.Turns == nil {
		it.Body, err = c.clean(r.Body)
		return err
	}
	for _, turn := range r.Turns {
		body, err := c.clean(turn.Body)
		if err != nil {
			return err
		}
		it.Turns = append(it.Turns, Turn{Item: Item{Body: body, Bare: true}, DelayMs: turn.DelayMs})
	}
	return nil
}

// line is capture.line with the arrival scaled by the speed.
func (t *trace) line(it *Item, r request.Request) error {
	if err := t.capture.line(it, r); err != nil {
		return err
	}
	if r.AtMs != nil {
		at := roundMs(*r.AtMs / t.speed)
		t.backward, t.lastMs = t.backward || at < t.lastMs, at
		it.Line.AtMs = &at
	}
	return nil
}

// recordLine converts a record that perf-send --save-request wrote. The request arrives when it was scheduled.
func recordLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	text := v.Get("request")
	if !text.Exists() {
		return true, fault.Of("", "no-request", "a record without its request")
	}
	line := text.Str
	if text.IsObject() {
		line = text.Raw
	}
	r, err := request.Parse([]byte(line))
	if err != nil {
		return true, fmt.Errorf("request: %w", err)
	}
	if err := t.line(it, r); err != nil {
		return true, err
	}
	if due := v.Get("scheduled_us"); due.Exists() {
		ms, err := possibleMs(due.Num/1000, due)
		if err != nil {
			return true, fmt.Errorf("scheduled_us: %w", err)
		}
		t.at(it, ms)
	}
	if it.Line.ID == "" {
		it.Line.ID = v.Get("id").Str
	}
	return true, nil
}
