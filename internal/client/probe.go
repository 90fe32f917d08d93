package client

import (
	"context"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"llmperf/internal/record"
	"llmperf/internal/request"
)

// Test sends a request like req, but short and for one token, and gives its record. It has a prompt of its own, so that
// no cache of the server's knows req afterwards. nil: the API has no such request, since it generates nothing.
func (c *Client) Test(ctx context.Context, req *request.Request) *record.Record {
	ep, err := c.prep.endpoint(ctx, req)
	if err != nil || ep.dialect.Name != "openai" {
		return nil
	}
	body := []byte(req.Body)
	if req.Turns != nil {
		body = req.Turns[0].Body
	}
	switch ep.dialect.Op {
	case "chat":
		body, err = sjson.SetRawBytes(body, "messages", []byte(`[{"role":"user","content":"hello"}]`))
	case "completion":
		body, err = sjson.SetBytes(body, "prompt", "hello")
	default:
		return nil
	}
	limit := "max_tokens"
	if gjson.GetBytes(body, "max_completion_tokens").Exists() {
		limit = "max_completion_tokens"
	}
	if err == nil {
		body, err = sjson.SetBytes(body, limit, 1)
	}
	if err == nil {
		body, err = sjson.DeleteBytes(body, "min_tokens")
	}
	if err != nil {
		return nil
	}
	return c.Do(ctx, &request.Request{ID: "test", Body: json.RawMessage(body), Headers: req.Headers, Target: ep})
}
