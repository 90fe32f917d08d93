package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/goccy/go-json"

	"perfpipe/internal/fastjson"
	"perfpipe/internal/load"
	"perfpipe/internal/mask"
	"perfpipe/internal/request"
)

// preparer determines the endpoint of each request and edits its body.
type preparer struct {
	c         *Client
	endpoints sync.Map // endpointKey → *endpoint
	cache     endpointCache
	logged    [facts]atomic.Bool

	mu       sync.Mutex
	prepared int           // requests outside of sessions, and sessions
	last     *load.Session // of the latest request; nil: none
	turn     int           // number of its server

	model      sync.Mutex
	firstModel string       // of the server, once it was asked
	owner      atomic.Value // a string: its owned_by, which is the name of the program that serves it
}

// Prepare determines the endpoint of req and edits its body ahead of time; Do does so for requests that are not
// prepared. The error is the line's fault, or ErrNoModel.
func (c *Client) Prepare(ctx context.Context, req *load.Request) error {
	_, err := c.prep.endpoint(ctx, req)
	return c.cfg.hinted(err)
}

func (p *preparer) endpoint(ctx context.Context, req *load.Request) (*endpoint, error) {
	if ep, ok := req.Endpoint.(*endpoint); ok {
		return ep, nil
	}
	return p.prepare(ctx, req)
}

// prepare prepares a request and makes it own its memory.
func (p *preparer) prepare(ctx context.Context, req *load.Request) (*endpoint, error) {
	buf := memberBuffers.Get().(*fastjson.Members)
	defer memberBuffers.Put(buf)
	keys := req.Members
	if len(keys) == 0 {
		var err error
		if keys, err = membersOf(req.Body, buf); err != nil {
			return nil, err
		}
	}
	ep, err := p.find(req, keys)
	if err != nil {
		return nil, err
	}
	if ep.dialect.HasItems() && req.Part.HasHistory() {
		return nil, fmt.Errorf("answers of %s cannot be part of a history", ep.dialect.Name)
	}
	if req.MaxTokens = maxTokens(keys); req.PromptTokens == 0 {
		req.PromptTokens = promptIDs(keys)
	}
	if is(keys.Get("ignore_eos"), "true") {
		req.MinTokens = req.MaxTokens
	}
	c, err := p.edit(ctx, ep, keys)
	if err != nil {
		return nil, err
	}
	req.SetBody(c.apply(req.Body, keys))
	req.Endpoint = ep
	return ep, nil
}

var memberBuffers = sync.Pool{New: func() any { return new(fastjson.Members) }}

// membersOf returns the members of a body. They use the memory of buf.
func membersOf(body []byte, buf *fastjson.Members) (fastjson.Members, error) {
	var err error
	if *buf, err = fastjson.AppendMembers((*buf)[:0], body); err != nil {
		return nil, errors.New("the body is not a JSON object")
	}
	if err := buf.Distinct(); err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	return *buf, nil
}

// maxTokens returns the limit of output tokens that a body sets; 0: none.
func maxTokens(keys fastjson.Members) int {
	m := keys.Get("max_completion_tokens")
	if m == nil {
		m = keys.Get("max_tokens")
	}
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(m.Value))
	return n
}

// promptIDs returns the number of token ids of a prompt that consists of them, or 0.
func promptIDs(keys fastjson.Members) int {
	for i := range keys {
		v := keys[i].Value
		if len(v) < 3 || v[0] != '[' || v[1] < '0' || v[1] > '9' || bytes.IndexByte(v[1:], '[') >= 0 {
			continue
		}
		switch string(keys[i].Name) {
		case "prompt", "input_ids", "input":
			return bytes.Count(v, []byte{','}) + 1
		}
	}
	return 0
}

// Facts that are logged once.
const (
	factModel = iota
	factUsage
	factDrop
	factKey
	factTimes
	factArguments
	facts
)

// first reports whether a fact is to be logged, which it is once.
func (p *preparer) first(fact int) bool {
	return !p.logged[fact].Load() && !p.logged[fact].Swap(true) && p.c.cfg.Say != nil
}

// savedLine returns the request line for the record. It has no secrets: to send it again takes those of the first run.
func savedLine(req *request.Request) json.RawMessage {
	line := *req
	line.URL = mask.URL(req.URL)
	if line.Session == "" { // of a conversation, whose turns are lines of their own now
		line.DelayMs = 0
	}
	if len(req.Headers) > 0 {
		line.Headers = maps.Clone(req.Headers)
		maps.DeleteFunc(line.Headers, func(name, _ string) bool { return mask.Name(name) })
		if len(line.Headers) == 0 {
			line.Headers = nil
		}
	}
	b, err := line.Line(nil)
	if err != nil { // its parts were read from valid JSON
		return nil
	}
	return b
}
