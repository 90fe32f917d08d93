package client

import (
	"context"
	"time"

	"github.com/goccy/go-json"

	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

// Test sends a short request for one token to the endpoint of req and returns its record. Its prompt is another one, so
// that the server does not cache req's. The answer may take as long as limit. The record is nil if the API has no such
// request.
func (c *Client) Test(ctx context.Context, req *load.Request, limit time.Duration) *record.Record {
	req = req.First()
	ep, err := c.prep.endpoint(ctx, req)
	if err != nil {
		return nil
	}
	body, err := ep.dialect.Probe(req.Body)
	if err != nil || body == nil {
		return nil
	}
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	short := load.NewRequest(request.Request{
		ID: uniqueID("test"), Body: json.RawMessage(body), Headers: req.Headers,
	})
	short.Endpoint = ep
	rec := &c.Do(timed, short).Record
	if !rec.OK && timed.Err() != nil && ctx.Err() == nil {
		rec.Error = describe(fail(record.KindTotalTimeout, "%s did not answer within %v", ep.addr, limit))
	}
	return rec
}
