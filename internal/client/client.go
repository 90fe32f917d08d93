// Package client sends requests to a server and writes a record of each: it determines the endpoint and the dialect
// of a request, edits its body as far as the line format permits, sends it, reads the answer as the dialect has it,
// and fills in the times and counts of the record. Client.Do is all of that for one request.
//
// Package http1 implements HTTP/1.1. HTTP/2 (http2.go) and requests through a proxy (standard.go) are implemented
// here, behind the same interface (transport.go). A request is prepared in prepare.go, endpoints.go and edit.go; its
// answer is read in reply.go and the reply_*.go files.
package client

import (
	"context"
	"crypto/rand"
	"os"
	"sync"
	"time"

	"github.com/goccy/go-json"

	"perfpipe/internal/clock"
	"perfpipe/internal/cpuwatch"
	"perfpipe/internal/http1"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
)

// Client sends requests. It is safe for concurrent use.
type Client struct {
	cfg     Config
	clock   *clock.Clock
	direct  *http1.Transport // nil: net/http is to be used for everything
	std     *standard
	h2      transport // HTTP/2 without a proxy
	cpu     *cpuwatch.Watch
	prep    preparer
	proxies *proxies
	secret  string    // makes the ids of traces differ from those of other processes
	pool    sync.Pool // of *exchange
	records sync.Pool // of *load.Record
}

// New returns a client that uses clk for all times.
func New(cfg Config, clk *clock.Clock) *Client {
	c := &Client{cfg: cfg, clock: clk, cpu: cpuwatch.Start(), proxies: newProxies(os.Getenv), secret: rand.Text()}
	c.std, c.h2 = newStandard(c, clk), newHTTP2(&c.cfg, clk)
	if !cfg.plain {
		c.direct = http1.New(cfg.http1(), clk, cfg.dialer())
	}
	c.prep.c = c
	c.pool.New = func() any { return new(exchange) }
	reuse := func(rec *load.Record) { c.records.Put(rec) }
	c.records.New = func() any { return &load.Record{Owner: reuse} }
	return c
}

// Close closes the idle connections.
func (c *Client) Close() {
	c.cpu.Stop()
	c.std.close()
	c.h2.close()
	if c.direct != nil {
		c.direct.Close()
	}
}

// exchange is the state of one request. Its memory is reused.
type exchange struct {
	c       *Client
	ctx     context.Context
	req     *load.Request
	out     *load.Record  // nil: it is not needed yet
	sent    bool          // Go was called
	stalled time.Duration // of this process before the request
	call    call
	trip    trip
	reply   reply
}

// fewGaps is the number of gaps whose memory is allocated at once, ahead of time.
const fewGaps = 64

// Do sends req and returns its record, which has the error if there is one. The record owns req.
func (c *Client) Do(ctx context.Context, req *load.Request) *load.Record {
	woken := make(chan struct{}, 1)
	x := c.Begin(ctx, req, func() { woken <- struct{}{} })
	for {
		if rec := x.Go(); rec != nil {
			return rec
		}
		<-woken
	}
}

// Begin implements load.Starter.
func (c *Client) Begin(ctx context.Context, req *load.Request, wake func()) load.Pending {
	x := c.pool.Get().(*exchange)
	x.c, x.ctx, x.req, x.call.Wake, x.sent = c, ctx, req, wake, false
	return x
}

// Go implements load.Pending.
func (x *exchange) Go() *load.Record {
	var ended bool
	var err error
	if x.sent {
		ended, err = x.c.direct.Resume(x.ctx, &x.call.Request, &x.trip.Timing, &x.reply)
	} else if err = x.start(); err != nil {
		return x.refused(err)
	} else {
		ended, err = x.attempt()
	}
	if !ended {
		return nil // x may be another goroutine's by now
	}
	return x.end(err)
}

// start prepares the call. Its record is made at the end, unless it has more than the reply brings.
func (x *exchange) start() error {
	c, req := x.c, x.req
	x.sent = true
	if c.cfg.SaveRequest {
		x.record().Request = savedLine(&req.Request)
	}
	ep, err := c.prep.endpoint(x.ctx, req)
	now := time.Now()
	sent := c.clock.At(now) / 1000 * 1000 // whole µs, so that the record's sums are exact
	x.call.begin(ep, req, sent, now)
	if err != nil {
		return err
	}
	x.stalled = c.cpu.Stalled(now)
	if n := min(req.MaxTokens, fewGaps); n > 1 && cap(x.reply.got.GapUs) == 0 && ep.stream {
		x.reply.got.GapUs = make([]int64, 0, n)
	}
	if c.cfg.Trace {
		c.trace(x.record(), &x.call, req)
	}
	x.trip = trip{}
	return nil
}

// record returns the record of the request, which it makes at its first call.
func (x *exchange) record() *record.Record {
	if x.out == nil {
		x.out = x.c.records.Get().(*load.Record)
		gaps, tokens := x.out.GapUs[:0], x.out.ChunkTokens[:0]
		*x.out = load.Record{Sent: x.req, Owner: x.out.Owner}
		x.out.ID, x.out.Labels, x.out.GapUs, x.out.ChunkTokens = x.req.ID, x.req.Labels, gaps, tokens
	}
	return &x.out.Record
}

// name sets what identifies the request in its record.
func (x *exchange) name(rec *record.Record) {
	rec.SentUs = x.call.Start.Micros()
	ep := x.call.ep
	if ep == nil {
		return
	}
	rec.PromptAsked = x.req.PromptTokens
	rec.API, rec.Op, rec.URL = ep.dialect.Name, ep.dialect.Op, ep.shown
	if x.c.cfg.Simulated {
		rec.API = record.SimAPI
	}
}

// refused returns the record of a request that is not sent.
func (x *exchange) refused(err error) *load.Record {
	rec := x.record()
	x.name(rec)
	rec.Error = &record.Error{Kind: record.KindRequest, Message: err.Error() + x.c.cfg.hint(err)}
	return x.free()
}

// free ends an exchange and returns its record.
func (x *exchange) free() *load.Record {
	out := x.out
	x.ctx, x.req, x.out = nil, nil, nil
	x.reply.rec, x.reply.call, x.reply.message = nil, nil, nil
	x.c.pool.Put(x)
	return out
}

// end completes the record at the end of the first attempt, and makes the further ones.
func (x *exchange) end(err error) *load.Record {
	c, rec := x.c, x.record()
	x.name(rec)
	x.judge(err)
	if !rec.OK && c.cfg.Retries > 0 {
		x.retry()
	}
	if rec.Error != nil {
		x.call.explain(rec, c.cfg.hint(x.reply.err))
	}
	x.trip.into(rec)
	rec.RequestID = x.call.requestID()
	c.watchSelf(x, x.out, x.stalled)
	if c.cfg.SaveOutput {
		rec.Output = x.call.hide(x.reply.text.String())
	}
	if key := x.reply.key; key != "" && c.prep.first(factKey) {
		c.cfg.Say("%s streams text as %q, which is not known to be output: it counts only in answers without any other",
			x.call.ep.shown, key)
	}
	if x.req.WantReply && rec.OK {
		x.out.Reply = c.replied(x)
	}
	return x.free()
}

// replied returns the assistant's message of an answer.
func (c *Client) replied(x *exchange) json.RawMessage {
	m := x.reply.message
	dialect := x.call.ep.dialect
	if dialect.ToolItems {
		m.ownCalls()
	}
	whole := m.mend(string(x.call.appendID(nil)))
	var reply json.RawMessage
	switch {
	case dialect.ToolBlocks:
		reply = m.blocks()
	case dialect.ToolItems:
		reply = m.items()
	default:
		reply = m.chat()
	}
	if !whole && c.prep.first(factArguments) {
		c.cfg.Say("the model made tool calls whose arguments are not JSON: {} stands for these in later requests")
	}
	return reply
}

// watchSelf records how this process itself influenced the times. before is c.cpu.Stalled at the start.
func (c *Client) watchSelf(x *exchange, rec *load.Record, before time.Duration) {
	now := time.Now()
	rec.DoneNs = c.clock.Ns(now)
	if rec.EndNs = int64(x.trip.Complete); rec.EndNs == 0 {
		rec.EndNs = rec.DoneNs
	}
	rec.ClientCPU = c.cpu.Share()
	if stall := c.cpu.Stalled(now) - before; stall >= time.Millisecond {
		rec.StallMs = ms(stall.Microseconds())
	}
}

// Pauses returns the pauses of this process that overlap the time from one instant to another, in ns since the epoch:
// the begin and the end of each, in µs.
func (c *Client) Pauses(from, to int64) (us []int64) {
	now := time.Now()
	at := func(ns int64) time.Time { return now.Add(time.Duration(ns - c.clock.Ns(now))) }
	for _, p := range c.cpu.Pauses(at(from), at(to)) {
		us = append(us, c.clock.Ns(p.From)/1000, c.clock.Ns(p.To)/1000)
	}
	return us
}

// attempt begins an attempt, whose answer is read into the record. It reports whether the attempt has ended, with the
// error of the transport. Times count from the start of the first attempt.
func (x *exchange) attempt() (ended bool, err error) {
	c, wantReply := x.c, x.req.WantReply
	x.reply.begin(&x.call, c.cfg.SaveOutput)
	x.reply.trip, x.reply.limit = &x.trip, c.cfg.limit(c.cfg.SaveOutput || wantReply)
	if wantReply {
		x.reply.message = new(message)
	}
	if c.cfg.Debug != nil {
		c.debug(x)
	}
	x.trip.DNS, x.trip.Connect, x.trip.TLS, x.trip.Complete, x.trip.Unstamped = 0, 0, 0, 0, false
	return c.transport(x.call.ep).exchange(x.ctx, &x.call, &x.trip, &x.reply)
}

// judge completes the record at the end of an attempt.
func (x *exchange) judge(err error) {
	c, rec := x.c, &x.out.Record
	x.reply.rec = rec
	err = x.tidy(rec, err)
	if at := x.reply.endedAt(); at > 0 {
		x.trip.End = x.call.Start + clock.Nanos(at*1000)
	}
	if total := c.cfg.TotalTimeout; err == nil && total > 0 && x.trip.End.Sub(x.call.Start) > total {
		err = c.std.h1.Late() // read before the deadline could stop it
	}
	// The close of a connection may be found late; the answer ended with its last byte.
	if err != nil && (x.trip.End == 0 || !http1.ClosedByPeer(err)) {
		x.trip.End = c.clock.Now()
	}
	x.reply.finish(err, x.trip.End)
	if x.call.ep.ranks && (rec.OK || rec.Error.Kind == record.KindEmpty) {
		checkItems(rec, &x.call.ep.dialect, x.call.Body)
	}
}

// debug reports the start of an exchange and has the reply report the rest.
func (c *Client) debug(x *exchange) {
	id := x.req.ID
	c.cfg.Debug(id, "start", x.call.describe())
	c.cfg.Debug(id, "sent", []byte(x.call.hide(string(x.call.Body))))
	x.reply.trace = func(line []byte) { c.cfg.Debug(id, "received", []byte(x.call.hide(string(line)))) }
}

func (c *Client) transport(ep *endpoint) transport {
	switch {
	case ep.origin != nil:
		return direct{c.direct}
	case c.cfg.Network.HTTP2 && ep.proxy == "":
		return c.h2
	}
	return c.std
}

// Preconnect opens connections until n are idle, divided among the servers. req determines the endpoint. It returns
// ErrNoPreconnect for HTTP/2 and proxies.
func (c *Client) Preconnect(ctx context.Context, req *load.Request, n int) error {
	ep, err := c.prep.endpoint(ctx, req.First())
	if err != nil {
		return c.cfg.hinted(err)
	}
	if len(c.cfg.More) == 0 {
		return c.cfg.hinted(c.transport(ep).preconnect(ctx, ep, n))
	}
	servers := c.cfg.servers()
	for _, u := range servers {
		one := newEndpoint(c, u, ep.method, ep.dialect, ep.stream)
		if err := c.transport(one).preconnect(ctx, one, (n+len(servers)-1)/len(servers)); err != nil {
			return c.cfg.hinted(err)
		}
	}
	return nil
}
