package client

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"

	"perfpipe/internal/fault"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

// Again implements http1.Head: the next HTTP request has an X-Request-Id of its own.
func (c *call) Again() { c.tries++ }

// appendID appends the X-Request-Id of the current HTTP request. Servers use it as the name of a request, so two with
// the same one may fail while both are in flight (vLLM issues 10583 and 15041). The id of a line may occur again, and
// all turns of a conversation and all attempts have one: the run and the number of the request, and that of the
// attempt, tell them apart.
func (c *call) appendID(b []byte) []byte {
	b = append(b, c.req.ID...)
	if c.req.RunID != "" {
		if b = append(b, '-'); !strings.HasPrefix(c.req.ID, c.req.RunID) { // else the id is one of the run
			b = append(append(b, c.req.RunID...), '-')
		}
		b = strconv.AppendInt(b, c.req.Seq, 10)
	}
	if c.tries > 1 {
		b = strconv.AppendInt(append(b, "-try"...), int64(c.tries), 10)
	}
	return b
}

// requestID returns the X-Request-Id of the last HTTP request if it is another one than the id.
func (c *call) requestID() string {
	if c.req.RunID == "" && c.tries < 2 || c.tries == 0 || c.ep.fields.ownID {
		return ""
	}
	for name := range c.req.Headers {
		if strings.EqualFold(name, "X-Request-Id") {
			return ""
		}
	}
	var buf [128]byte
	return string(c.appendID(buf[:0]))
}

// uniqueID returns an id for a request outside of the load.
func uniqueID(what string) string { return what + "-" + rand.Text()[:12] }

// Names of header fields of routers that keep a session on one replica.
const (
	// defaultSessionHeader is that of vLLM's router, llm-d and OpenCode.
	defaultSessionHeader = "X-Session-ID"
	dynamoSession        = "X-Dynamo-Session-Id"
	dynamoParent         = "X-Dynamo-Parent-Session-Id"
	dynamoFinal          = "X-Dynamo-Session-Final"
)

// SessionHeaders returns the fields that words name: of routers, or fields themselves. Without words it is
// X-Session-ID, and with the single word none there is no field.
func SessionHeaders(words []string) (names []string, err error) {
	const setting = "session-header"
	switch {
	case len(words) == 0:
		return []string{defaultSessionHeader}, nil
	case len(words) == 1 && words[0] == "none":
		return nil, nil
	}
	for word := range strings.SplitSeq(strings.Join(words, ","), ",") {
		name, ok := headerOf(word)
		if !ok {
			if name = word; !strings.Contains(word, "-") {
				return nil, fault.Invalid(setting, "session-header", "%q is neither a router nor the name of a header", word)
			}
		}
		if err := request.CheckHeader(name, ""); err != nil {
			return nil, fault.Invalid(setting, "", "%w", err)
		}
		names = append(names, name)
	}
	return names, nil
}

// headerOf returns the field by which a router knows sessions: sglang, llm-d, vllm, dynamo, aibrix or litellm.
func headerOf(router string) (name string, ok bool) {
	switch router {
	case "sglang":
		return "X-SMG-Routing-Key", true
	case "vllm", "llm-d":
		return defaultSessionHeader, true
	case "dynamo":
		return dynamoSession, true
	case "aibrix":
		return "X-AIBrix-Session-Key", true
	case "litellm":
		return "X-LiteLLM-Session-ID", true
	}
	return "", false
}

// ofSession returns the fields of a request of a session. It leaves out those that the user has set.
func (f *fields) ofSession(c *call) (list []field) {
	for _, name := range f.session {
		if f.has(name) {
			continue
		}
		if name == dynamoSession {
			list = c.ofDynamo(list)
		} else {
			list = append(list, field{name, c.req.Of})
		}
	}
	return list
}

// ofDynamo appends Dynamo's fields. A session of Dynamo's is the course of one agent: a sub-agent has its own, whose
// parent is that of the agent which began it.
func (c *call) ofDynamo(list []field) []field {
	name := func(agent string) string {
		if agent == "" {
			return c.req.Of
		}
		return c.req.Of + "/" + strings.Map(noControl, agent)
	}
	list = append(list, field{dynamoSession, name(c.req.Agent)})
	if c.req.Agent != "" {
		list = append(list, field{dynamoParent, name(c.req.Parent)})
	}
	if c.req.Final {
		list = append(list, field{dynamoFinal, "true"})
	}
	return list
}

// noControl replaces control characters, which a label may have and a header field must not.
func noControl(r rune) rune {
	if unicode.IsControl(r) {
		return '_'
	}
	return r
}

// trace sets the ids of a trace and a span of a request. The requests of a session are one trace.
func (c *Client) trace(rec *record.Record, to *call, req *load.Request) {
	number := strconv.FormatInt(req.Seq, 10)
	of := "request " + number
	if req.Of != "" {
		of = "session " + req.Of
	}
	t := sha256.Sum256([]byte(c.secret + of))
	s := sha256.Sum256([]byte(c.secret + "span " + number))
	t[0] |= 1 // an id of zeros is none
	s[0] |= 1
	rec.TraceID, rec.SpanID = hex.EncodeToString(t[:16]), hex.EncodeToString(s[:8])
	if c.cfg.Traceparent {
		to.trace, to.span = rec.TraceID, rec.SpanID
	}
}

// appendTraceparent appends the field of W3C Trace Context. All requests are sampled.
func (c *call) appendTraceparent(b []byte) []byte {
	b = append(append(b, "00-"...), c.trace...)
	b = append(append(b, '-'), c.span...)
	return append(b, "-01"...)
}
