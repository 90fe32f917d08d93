package client

import (
	"context"
	"time"

	"github.com/goccy/go-json"

	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

// Test sends a request like req, but short and for one token, and returns its record. It has a prompt of its own, so that
// no cache of the server's knows req afterwards. An answer may take as long as limit. The record is nil if the API has no
// such request.
func (c *Client) Test(ctx context.Context, req *load.Request, limit time.Duration) *record.Record {
	ep, err := c.prep.endpoint(ctx, req)
	if err != nil {
		return nil
	}
	body := req.Body
	if req.Turns != nil {
		body = req.Turns[0].Body
	}
	body, err = ep.dialect.Probe(body)
	if err != nil || body == nil {
		return nil
	}
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	short := load.NewRequest(request.Request{ID: "test", Body: json.RawMessage(body), Headers: req.Headers})
	short.Endpoint = ep
	rec := &c.Do(timed, short).Record
	if !rec.OK && timed.Err() != nil && ctx.Err() == nil {
		rec.Error = &record.Error{Kind: record.KindTotalTimeout, Message: ep.addr + " did not answer within " + limit.String()}
	}
	return rec
}
