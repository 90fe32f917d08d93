// Package client sends one request and makes its record: HTTP and a dialect, timed where the bytes are received.
package client

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"

	"perfpipe/internal/api"
	"perfpipe/internal/clock"
	"perfpipe/internal/http1"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

// Config says where requests go and how.
type Config struct {
	URL     *url.URL     // of the server: an origin, a base such as /v1, or a whole endpoint
	API     string       // the dialect's name; empty: told by the paths and bodies
	Custom  *api.Dialect // of an API that a file describes; nil: none
	APIKey  string
	Headers map[string]string // of every request

	Model   string // put into bodies without one; empty: the first that the server has
	Served  string // put into every body (a local server's name of its model)
	NoUsage bool   // do not ask for usage in streams
	Drop    []string

	ConnectTimeout time.Duration // 0: none
	ReadTimeout    time.Duration // longest wait between reads; 0: none
	TotalTimeout   time.Duration // 0: none
	NoResend       bool          // a kept connection that the server ends without an answer is a failure
	Retries        int           // most attempts after the first; the clock is not restarted
	Network        Network
	Compressed     bool       // ask for compressed answers
	More           []*url.URL // servers like URL, asked in turn with it

	MaxAnswer int64 // most bytes of an answer after decompression; 0: 64 MiB of a body or an event, 1 GiB of a stream

	SaveOutput  bool
	SaveRequest bool
	Simulated   bool // the server is the built-in simulator: every record says so
	Plain       bool // net/http for everything

	Batch time.Duration // how long answers may wait to be read together where that saves processor time; 0: not at all

	Say func(format string, args ...any) // is called for facts, for each once; may be nil

	// Debug, unless nil, gets each step of each exchange: what is start, sent or received. text is valid during the call.
	Debug func(id, what string, text []byte)
}

// Client implements load's Doer. It is safe for use by several goroutines at once.
type Client struct {
	cfg     Config
	clock   *clock.Clock
	direct  *http1.Transport // nil: net/http is to be used for everything
	std     *standard
	h2      transport // HTTP/2 without a proxy
	pulse   *pulse
	prep    preparer
	proxies *proxies
	pool    sync.Pool // of *exchange
	records sync.Pool // of *record.Record
}

// New returns a client that tells the time by clk.
func New(cfg Config, clk *clock.Clock) *Client {
	c := &Client{cfg: cfg, clock: clk, pulse: newPulse(), proxies: newProxies(os.Getenv)}
	d := cfg.dialer()
	c.std, c.h2 = newStandard(c, clk, d), newHTTP2(&c.cfg, clk, d)
	if !cfg.Plain {
		c.direct = http1.New(cfg.http1(), clk, d)
	}
	c.prep.c = c
	c.pool.New = func() any { return new(exchange) }
	c.records.New = func() any { return new(record.Record) }
	return c
}

// Close ends idle connections.
func (c *Client) Close() {
	c.pulse.stop()
	c.std.close()
	c.h2.close()
	if c.direct != nil {
		c.direct.Close()
	}
}

// exchange is the memory of one request, used again.
type exchange struct {
	call  call
	trip  trip
	reply reply
}

// fewGaps get their memory at once. It is not asked for where they come in, at the deepest of a stack.
const fewGaps = 64

// Reuse gives a record back when nobody needs it any more: another request gets its memory.
func (c *Client) Reuse(rec *record.Record) { c.records.Put(rec) }

// Do sends req and returns its record, whatever happens.
func (c *Client) Do(ctx context.Context, req *request.Request) *record.Record {
	rec := c.records.Get().(*record.Record)
	gaps, tokens := rec.GapUs[:0], rec.ChunkTokens[:0]
	*rec = record.Record{}
	rec.ID, rec.Labels, rec.GapUs, rec.ChunkTokens = req.ID, req.Labels, gaps, tokens
	if c.cfg.SaveRequest {
		rec.Request = savedLine(req)
	}
	ep, err := c.prep.endpoint(ctx, req)
	now := time.Now()
	sent := c.clock.At(now) / 1000 * 1000 // whole µs, so that the record's sums are exact
	rec.SentUs = sent.Micros()
	if err != nil {
		rec.Error = &record.Error{Kind: record.KindRequest, Message: err.Error()}
		return rec
	}
	rec.Body, rec.Want, rec.PromptAsked = req.Body, req.Want, req.PromptTokens
	if n := min(req.Most, fewGaps); n > 1 && cap(rec.GapUs) == 0 && ep.stream {
		rec.GapUs = make([]int64, 0, n)
	}
	rec.API, rec.Op, rec.URL = ep.dialect.Name, ep.dialect.Op, ep.shown
	if c.cfg.Simulated {
		rec.API = record.SimAPI
	}
	x := c.pool.Get().(*exchange)
	defer c.pool.Put(x)
	stalled := c.pulse.stall(now)
	x.call = call{
		Request: http1.Request{Head: x.call.Head, Body: req.Body, Start: sent, Begun: now},
		ep:      ep, id: req.ID, headers: req.Headers,
	}
	x.trip = trip{}
	c.attempt(ctx, x, rec, req.WantReply)
	if !rec.OK && c.cfg.Retries > 0 {
		c.retry(ctx, x, rec, req.WantReply)
	}
	if rec.Error != nil {
		x.call.explain(rec)
	}
	x.trip.into(rec)
	c.watchSelf(x, rec, stalled)
	if c.cfg.SaveOutput {
		rec.Output = x.call.hide(x.reply.text.String())
	}
	if key := x.reply.key; key != "" && c.prep.first(factKey) {
		c.cfg.Say("%s streams text as %q, which is not known to be output: it counts only in answers without any other", ep.shown, key)
	}
	if req.WantReply && rec.OK {
		rec.Reply = x.reply.message.json()
	}
	x.reply.rec, x.reply.call, x.reply.message = nil, nil, nil
	return rec
}

// watchSelf notes what this process itself has to do with the request's times. before is pulse.stall at its start.
func (c *Client) watchSelf(x *exchange, rec *record.Record, before time.Duration) {
	now := time.Now()
	rec.DoneNs = c.clock.Ns(now)
	if rec.EndNs = int64(x.trip.Complete); rec.EndNs == 0 {
		rec.EndNs = rec.DoneNs
	}
	rec.ClientCPU = c.pulse.cpu()
	if stall := c.pulse.stall(now) - before; stall >= time.Millisecond {
		rec.StallMs = ms(stall.Microseconds())
	}
}

// retry makes further attempts, as long as there may be some.
func (c *Client) retry(ctx context.Context, x *exchange, rec *record.Record, wantReply bool) {
	for n := 0; ; n++ {
		pause, again := c.again(rec, n)
		if !again || !wait(ctx, pause) {
			return
		}
		renew(rec)
		c.attempt(ctx, x, rec, wantReply)
	}
}

// renew makes r what it was before its first attempt.
func renew(r *record.Record) {
	was := *r
	*r = record.Record{}
	r.ID, r.Labels, r.API, r.Op, r.URL, r.SentUs = was.ID, was.Labels, was.API, was.Op, was.URL, was.SentUs
	r.Request, r.Body, r.Want, r.PromptAsked = was.Request, was.Body, was.Want, was.PromptAsked
}

// attempt sends a request and reads its answer into rec. Times count from the first attempt.
func (c *Client) attempt(ctx context.Context, x *exchange, rec *record.Record, wantReply bool) {
	x.reply.begin(rec, &x.call, c.cfg.SaveOutput)
	x.reply.trip, x.reply.limit = &x.trip, c.cfg.limit(c.cfg.SaveOutput || wantReply)
	if wantReply {
		x.reply.message = new(message)
	}
	if c.cfg.Debug != nil {
		c.debug(x)
	}
	x.trip.DNS, x.trip.Connect, x.trip.TLS, x.trip.Complete, x.trip.Unstamped = 0, 0, 0, 0, false
	err := x.tidy(rec, c.transport(x.call.ep).exchange(ctx, &x.call, &x.trip, &x.reply))
	if at := x.reply.endedAt(); at > 0 {
		x.trip.End = x.call.Start + clock.Nanos(at*1000)
	}
	if total := c.cfg.TotalTimeout; err == nil && total > 0 && x.trip.End.Sub(x.call.Start) > total {
		err = c.late() // read before the deadline could stop it
	}
	// A connection that ended early may have been found so later on; its answer ended with what came.
	if err != nil && (x.trip.End == 0 || !http1.ClosedByPeer(err)) {
		x.trip.End = c.clock.Now()
	}
	x.reply.finish(err, x.trip.End)
	if x.call.ep.ranks && (rec.OK || rec.Error.Kind == record.KindEmpty) {
		checkItems(rec, &x.call.ep.dialect, x.call.Body)
	}
}

// checkItems holds the items that came against those that were asked for. Of documents the answer may hold the best alone;
// all were ranked.
func checkItems(rec *record.Record, d *api.Dialect, body []byte) {
	asked, least := d.Items(body)
	things := "results"
	if d.Op == "embedding" {
		things = "embeddings"
	}
	if came := rec.Items; came < least {
		kind := record.KindAPI
		if came == 0 {
			kind = record.KindEmpty
		}
		rec.OK = false
		rec.Error = &record.Error{Kind: kind, Message: fmt.Sprintf("the answer has %d of the %d %s asked for", came, least, things)}
		return
	}
	if d.Op != "embedding" {
		rec.Items = max(rec.Items, asked)
	}
}

// debug tells the start of an exchange and lets the reply tell the rest.
func (c *Client) debug(x *exchange) {
	id := x.call.id
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

// late returns the error of an exchange that exceeds the total timeout.
func (c *Client) late() error {
	cfg := c.cfg.http1()
	return cfg.Late()
}

// Preconnect opens connections so that n are idle before the load begins, shared out over the servers that are asked in
// turn.
func (c *Client) Preconnect(ctx context.Context, req *request.Request, n int) error {
	ep, err := c.prep.endpoint(ctx, req)
	if err != nil {
		return err
	}
	if len(c.cfg.More) == 0 {
		return c.transport(ep).preconnect(ctx, ep, n)
	}
	servers := append([]*url.URL{c.cfg.URL}, c.cfg.More...)
	for _, u := range servers {
		one := newEndpoint(c, u, ep.method, ep.dialect, ep.stream)
		if err := c.transport(one).preconnect(ctx, one, (n+len(servers)-1)/len(servers)); err != nil {
			return err
		}
	}
	return nil
}
