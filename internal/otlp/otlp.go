// Package otlp exports records as spans of OpenTelemetry, in the JSON form of OTLP.
//
// A session is a trace: its root span has a child for each request and for each wait for a tool, and the span of a
// request links to those of the requests that it waited for. A request outside of sessions is a trace of its own.
package otlp

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/goccy/go-json"

	"perfpipe/internal/record"
)

// Exporter makes spans of records and exports them in batches. Its methods are safe for concurrent use.
type Exporter struct {
	export  func(context.Context, []byte) error
	abandon context.CancelCauseFunc // of the exports
	batches chan []span
	done    chan struct{}

	mu       sync.Mutex
	spans    []span
	sessions map[string]*session // under way, by trace

	made, lost int   // spans
	err        error // why the first ones were lost

	closing *time.Timer // abandons the exports
}

// session is a trace of several requests.
type session struct {
	name       string
	start, end int64 // µs
	left       int   // requests without a record
	spans      map[int]string
	failed     bool
}

const (
	batchSpans   = 512
	aheadBatches = 64
	closeTimeout = 10 * time.Second // without an export, at the end of the run
)

// New returns an Exporter that calls export with each batch, an ExportTraceServiceRequest, one at a time.
func New(export func(ctx context.Context, batch []byte) error) *Exporter {
	ctx, abandon := context.WithCancelCause(context.Background())
	e := &Exporter{
		export: export, abandon: abandon, batches: make(chan []span, aheadBatches), done: make(chan struct{}),
		sessions: map[string]*session{},
	}
	go e.run(ctx)
	return e
}

// Add makes the spans of a record, which must have a TraceID and a SpanID.
func (e *Exporter) Add(r *record.Record) {
	if r.TraceID == "" {
		return
	}
	s := requestSpan(r)
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.Session != "" {
		e.inSession(r, &s)
	}
	e.add(s)
}

// inSession makes s a part of its session's trace.
func (e *Exporter) inSession(r *record.Record, s *span) {
	c := e.sessions[r.TraceID]
	if c == nil {
		c = &session{name: r.Session, start: r.ScheduledUs, left: r.Turns, spans: map[int]string{}}
		e.sessions[r.TraceID] = c
	}
	c.start, c.end = min(c.start, r.ScheduledUs), max(c.end, r.EndUs())
	c.left -= 1 + r.Skipped
	c.failed = c.failed || !r.OK
	c.spans[r.Turn] = r.SpanID
	root := rootID(r.TraceID)
	s.Parent = root
	for _, turn := range r.AfterTurns {
		if id := c.spans[turn]; id != "" {
			s.Links = append(s.Links, link{r.TraceID, id})
		}
	}
	if us := int64(r.DelayMs * 1000); us > 0 {
		var l list
		l.text("gen_ai.operation.name", "execute_tool")
		l.int("perf.turn", int64(r.Turn))
		e.add(span{
			TraceID: r.TraceID, SpanID: toolID(r.SpanID), Parent: root, Name: "execute_tool", Kind: internal,
			Start: nanos(r.ScheduledUs - us), End: nanos(r.ScheduledUs), Attributes: l,
		})
	}
	if c.left <= 0 {
		e.close(r.TraceID, c)
	}
}

// toolID returns the id of the span of the wait before a request.
func toolID(request string) string {
	n, err := strconv.ParseUint(request, 16, 64)
	if err != nil {
		return request
	}
	return strconv.FormatUint(n^1|1<<63, 16)
}

// close makes the root span of a session.
func (e *Exporter) close(trace string, c *session) {
	delete(e.sessions, trace)
	var l list
	l.text("gen_ai.operation.name", "invoke_agent")
	l.text("gen_ai.conversation.id", c.name)
	l.int("perf.requests", int64(len(c.spans)))
	s := span{
		TraceID: trace, SpanID: rootID(trace), Name: "invoke_agent", Kind: internal,
		Start: nanos(c.start), End: nanos(c.end), Attributes: l,
	}
	if c.failed {
		s.Status = &status{Code: failed}
	}
	e.add(s)
}

// add adds a span to the batch, and passes a full one on.
func (e *Exporter) add(s span) {
	e.made++
	if e.spans = append(e.spans, s); len(e.spans) == batchSpans {
		e.pass()
	}
}

// pass passes the batch on. It does not wait: what a slow receiver leaves behind is lost and counted.
func (e *Exporter) pass() {
	select {
	case e.batches <- e.spans:
	default:
		e.lost += len(e.spans)
	}
	e.spans = nil
}

// run exports the batches. ctx ends when they are abandoned.
func (e *Exporter) run(ctx context.Context) {
	defer close(e.done)
	var service list
	service.text("service.name", "perf-send")
	for spans := range e.batches {
		var r request
		r.Spans[0].Resource.Attributes = service
		r.Spans[0].Spans[0] = scopeSpans{scope{"perfpipe"}, spans}
		b, err := json.MarshalWithOption(r, json.DisableHTMLEscape())
		if err == nil {
			err = e.export(ctx, b)
		}
		lost := 0
		if rejected, ok := errors.AsType[*rejection](err); ok {
			lost = min(len(spans), rejected.spans)
		} else if err != nil {
			lost = len(spans)
		}
		e.mu.Lock()
		e.lost += lost
		if e.err == nil {
			e.err = err
		}
		if lost < len(spans) && e.closing != nil {
			e.closing.Reset(closeTimeout)
		}
		e.mu.Unlock()
	}
}

// Close exports what is left, also of sessions that are not complete. It returns the number of spans, how many of them
// were lost, and why the first of these were, unless the receiver was only too slow. What is left is lost if the
// receiver takes nothing for ten seconds.
func (e *Exporter) Close() (made, lost int, err error) {
	e.mu.Lock()
	e.closing = time.AfterFunc(closeTimeout, func() {
		e.abandon(fmt.Errorf("at the end of the run the receiver took nothing for %v", closeTimeout))
	})
	defer e.closing.Stop()
	for trace, c := range e.sessions {
		e.close(trace, c)
	}
	last := e.spans
	e.spans = nil
	e.mu.Unlock()
	if len(last) > 0 {
		e.batches <- last
	}
	close(e.batches)
	<-e.done
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.made, e.lost, e.err
}
