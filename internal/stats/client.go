package stats

import (
	"fmt"
	"math"
	"time"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// Client accumulates measurements of the load generator itself from records. The zero value is ready to use.
type Client struct {
	lag            dist.Dist // of requests that are due by a schedule, µs
	cpu            dist.Dist // CPU use, in thousandths of the available CPUs
	chunks, joined int64     // chunks after the first; those read late and together with others
	pieces         pieces
	times          clientTimes
	conns          transported
	paused         paused
}

// clientTimes holds sums over records; times are in µs. In a closed loop, the lag of a request is the time in which its
// slot was idle.
type clientTimes struct {
	Late    waits // of scheduled requests
	Idle    waits // of the slots of a closed loop
	Busy    int64 // closed loop: time in which slots were not idle, also with tools
	Lags    int64 // number of records with a lag above 0, however short
	Zeros   int64 // number of records with an explicit lag of 0
	Stalled int64 // time in which perf-send did not run
	Paused  int64 // the part of it in pauses
	Life    int64 // total time of all requests, each from its due time
}

// waits sums up lags of at least heldMs, in µs. Shorter ones are the normal cost of a request.
type waits struct {
	All                  int64
	Conns, Output, Input int64 // the parts without a free connection, and that the output and the input caused
	Paused               int64 // of the requests that a pause affected
}

// addMs adds ms to a sum in µs, unless that would overflow.
func addMs(to *int64, ms float64) {
	if us := metric.Micro(ms); us > 0 && *to < math.MaxInt64-us {
		*to += us
	}
}

func (w *waits) add(r *record.Record, lag float64) {
	if lag < heldMs {
		return
	}
	addMs(&w.All, lag)
	addMs(&w.Conns, r.ConnectionWaitMs)
	addMs(&w.Output, r.OutputWaitMs)
	addMs(&w.Input, r.InputWaitMs)
	if len(r.PauseUs) > 0 {
		addMs(&w.Paused, lag)
	}
}

func (w *waits) merge(o *waits) {
	w.All += o.All
	w.Conns += o.Conns
	w.Output += o.Output
	w.Input += o.Input
	w.Paused += o.Paused
}

// reason is that of a Verdict, with its Cause.
type reason struct{ text, cause string }

// reason completes a text by the cause of at least half of the time, or by other if it is unknown. pauses describes
// those of perf-send.
func (w *waits) reason(text string, pauses reason, other string) reason {
	switch half := w.All / 2; {
	case w.Paused > half:
		return reason{text + ": " + pauses.text, pauses.cause}
	case w.Conns > 0 && w.Conns >= half:
		return reason{text + noFreeConn, noConn}
	case w.Output > 0 && w.Output >= half:
		return reason{text + slowOutput, outputSlow}
	case w.Input > 0 && w.Input >= half:
		return reason{text + slowInput, inputSlow}
	}
	return reason{text + other, cpuBusy}
}

const (
	slowOutput = ": stdout or the output file took the records too slowly"
	slowInput  = ": request lines came too slowly"
	noFreeConn = ": all connections that may be open were in use"
)

// heldMs is the shortest lag or delay that counts, in ms.
const heldMs = 1

// Verdict is a judgment of the load generator by its own measurements.
type Verdict struct {
	Level  string `json:"verdict"` // clean, strained, bottleneck or unknown
	Reason string `json:"reason,omitempty"`
	cause  string
}

// Cause returns the reason of a hint for the user: no-connection, slow-output, slow-input, sent-twice or busy-cpu, or
// "" if the verdict is Clean; or paused, which may affect so few requests that the verdict is Clean.
func (v Verdict) Cause() string { return v.cause }

// The causes of a Verdict.
const (
	noConn     = "no-connection"
	outputSlow = "slow-output"
	inputSlow  = "slow-input"
	sentTwice  = "sent-twice"
	cpuBusy    = "busy-cpu"
	stopped    = "paused"
)

// The levels of a Verdict.
const (
	Clean      = "clean"
	Strained   = "strained"   // effects as small as the thresholds cannot be trusted
	Bottleneck = "bottleneck" // the figures measure the client rather than the server
	Unknown    = "unknown"
)

// SlowOutput returns the verdict on a run in which records waited to be written for most of the time, but buffers
// absorbed them, so that the load was not delayed.
func SlowOutput(waited, run time.Duration) Verdict {
	reason := fmt.Sprintf(
		"stdout or the output file took the records too slowly, for %v of %v: a longer run would be held up",
		waited.Round(100*time.Millisecond), run.Round(100*time.Millisecond))
	return Verdict{Strained, reason, outputSlow}
}

// SlowInput returns the verdict on a load point whose input had no request line for the last part of its duration,
// although requests were due.
func SlowInput(unfed, duration time.Duration) Verdict {
	level := Strained
	switch share := float64(unfed) / float64(max(1, duration)); {
	case share >= 0.20:
		level = Bottleneck
	case share < 0.05:
		return Verdict{Level: Clean}
	}
	return Verdict{level, fmt.Sprintf("no request line came in the last %.3g s of %v, so less was sent than asked for",
		unfed.Seconds(), duration), inputSlow}
}

// Add adds one record. A key that is absent from it was not measured.
func (c *Client) Add(r *record.Record) {
	c.add(r, r.TPOTMs <= 0 && r.InOnePiece()) // a stream in one piece has no TPOT
}

// add is Add for a caller that knows whether all chunks of the record arrived at once.
func (c *Client) add(r *record.Record, inOnePiece bool) {
	c.dists()
	lag, known := r.Lag()
	if known && scheduled(r) {
		c.lag.Add(metric.Micro(lag))
	}
	c.times.add(r, lag)
	c.conns.add(r)
	c.paused.add(r)
	if r.ClientCPU > 0 {
		c.cpu.Add(metric.Whole(r.ClientCPU * metric.Thousandths))
	}
	c.chunks += int64(len(r.GapUs))
	c.joined += joinedChunks(r)
	c.pieces.add(r, inOnePiece)
}

// closedLoop is the mode of records whose requests are due as soon as the slot's previous answer has ended.
const closedLoop = "closed"

// scheduled reports whether a request was due at a time of its own: in an open loop, or in a session after a tool or a
// user.
func scheduled(r *record.Record) bool { return r.Mode != closedLoop || r.DelayMs > 0 }

func (t *clientTimes) add(r *record.Record, lag float64) {
	switch {
	case lag > 0:
		t.Lags++
	case r.Says(record.KeyLagMs):
		t.Zeros++
	}
	if r.Mode == closedLoop {
		addMs(&t.Busy, r.LatencyMs+r.DelayMs)
		t.Idle.add(r, lag)
	}
	if scheduled(r) {
		t.Late.add(r, lag)
	}
	addMs(&t.Stalled, r.StallMs)
	addMs(&t.Paused, min(r.StallMs, pausedMs(r)))
	addMs(&t.Life, lag+max(r.LatencyMs, r.StallMs))
}

// lateRead is the delay of a read, in ms, from which chunks found together may have arrived one after the other.
const lateRead = 1

// joinedChunks returns the number of chunks that were read late and together with others, so that their own arrival
// times are lost. If a record has no joined_chunks, each late read of several chunks counts as one.
func joinedChunks(r *record.Record) (n int64) {
	if r.Says(record.KeyJoined) || r.Joined > 0 {
		return int64(min(max(r.Joined, 0), len(r.GapUs)))
	}
	if r.ReadDelayMs < lateRead {
		return 0
	}
	for i, gap := range r.GapUs {
		if gap == 0 && (i == 0 || r.GapUs[i-1] != 0) {
			n++
		}
	}
	return n
}

// Joined returns the share of chunks that were read late and together with others. Their time is that of the last one.
func (c *Client) Joined() float64 {
	return (float64(c.joined) + c.pieces.joined()) / float64(max(1, c.chunks))
}

// Merge adds the records of o to c.
func (c *Client) Merge(o *Client) {
	c.chunks += o.chunks
	c.joined += o.joined
	c.pieces.merge(o.pieces)
	c.times.merge(&o.times)
	c.conns.merge(&o.conns)
	c.paused.merge(&o.paused)
	mine, theirs := c.dists(), o.dists()
	for i := range mine {
		mine[i].Merge(theirs[i])
	}
}

func (t *clientTimes) merge(o *clientTimes) {
	t.Late.merge(&o.Late)
	t.Idle.merge(&o.Idle)
	t.Busy += o.Busy
	t.Stalled += o.Stalled
	t.Paused += o.Paused
	t.Life += o.Life
	t.Lags += o.Lags
	t.Zeros += o.Zeros
}

// dists returns the distributions. They keep few exact values, since perf-send has a Client in runs of any length.
func (c *Client) dists() [2]*dist.Dist {
	all := [2]*dist.Dist{&c.lag, &c.cpu}
	for _, d := range all {
		d.Limit = 4096
	}
	return all
}

// Verdict returns the verdict on the records added so far.
func (c *Client) Verdict() Verdict {
	at := func(d *dist.Dist, p, unit float64) float64 {
		s := d.Stat([]float64{p}, unit)
		return s.At(p)
	}
	if c.conns.Requests == 0 {
		return Verdict{Level: Unknown, Reason: "no record was measured"}
	}
	if c.cpu.N() == 0 && c.times.Lags == 0 {
		if c.times.Zeros > 0 {
			return Verdict{Level: Unknown, Reason: "the records carry no client_cpu, and every lag_ms is 0"}
		}
		return Verdict{Level: Unknown, Reason: "the records carry no lag_ms or client_cpu"}
	}
	return c.judge(at(&c.lag, 99, metric.Microseconds), at(&c.cpu, 90, metric.Thousandths))
}

// judge returns the worst of these criteria. docs/accuracy.md has the measurements behind them.
//
//	                    strained   bottleneck
//	slots idle           ≥ 5 %       ≥ 20 %     of the slots' time in a closed loop: the load was below its level
//	paused               ≥ 1 %       ≥ 10 %     of the requests: perf-send did not run for at least 250 ms
//	stalled              ≥ 5 %       ≥ 20 %     of the requests' time: perf-send did not run
//	lag, p99             ≥ 10 ms     ≥ 100 ms   scheduled requests were sent late
//	chunks read late     ≥ 1 %       ≥ 10 %     of all chunks: they have the time of the last one of their read
//	client CPU, p90      ≥ 0.80      ≥ 0.95     of the CPUs that it may use
//	sent twice           ≥ 1 %         –        of the requests: a first attempt of 1 ms or more is in their times
//
// The kernel's timestamps are exact even if they are read late, but there is only one for all unread data of a
// connection. If at most one chunk in a hundred is read late, the p99 of the error is not affected.
//
// A lag does not falsify times: it is reported, and is part of the response time. An idle slot, though, means less load
// than requested. NaN is an unmeasured value and meets no criterion.
func (c *Client) judge(lagP99Ms, cpuP90 float64) Verdict {
	t := &c.times
	idle := share(t.Idle.All, t.Idle.All+t.Busy)
	held := share(t.Idle.Conns+t.Idle.Output+t.Idle.Input, t.Idle.All+t.Busy) // with a known cause
	stalled := share(t.Stalled, t.Life)
	paused := reason{c.paused.text(c.conns.Requests), stopped}
	stalledFor := reason{fmt.Sprintf("perf-send did not run for %.3g %% of its requests' time: "+
		"it was stopped, starved of CPU, or over a CPU quota", stalled*100), cpuBusy}
	if t.Paused > t.Stalled/2 {
		stalledFor = paused
	}
	lateFor := t.Late.reason(fmt.Sprintf("requests went out late: lag p99 is %.4g ms", lagP99Ms), paused, "")
	idleFor := t.Idle.reason(fmt.Sprintf("slots were idle for %.3g %% of the time", idle*100), paused,
		": perf-send was busy, stopped or starved of CPU")
	marks := []struct {
		value, strained, bottleneck float64
		reason
	}{
		{held, 0.05, 0.20, idleFor},
		{share(c.paused.requests, c.conns.Requests), 0.01, 0.10, paused},
		{stalled, 0.05, 0.20, stalledFor},
		{lagP99Ms, 10, 100, lateFor},
		{idle, 0.05, 0.20, idleFor},
		{c.Joined(), 0.01, 0.10, reason{fmt.Sprintf("%.3g %% of the chunks were read late and together with others: "+
			"their times are the last one's", c.Joined()*100), cpuBusy}},
		{cpuP90, 0.80, 0.95, reason{fmt.Sprintf("the client used %.0f %% of its CPUs (p90)", cpuP90*100), cpuBusy}},
		{share(c.conns.TwiceLate, c.conns.Requests), 0.01, math.Inf(1), reason{c.conns.twice(), sentTwice}},
	}
	v := Verdict{Level: Clean, Reason: joinClauses(c.conns.twice(), paused.text)}
	if c.paused.requests > 0 {
		v.cause = stopped
	}
	for _, m := range marks {
		switch {
		case m.value >= m.bottleneck && v.Level != Bottleneck:
			v = Verdict{Bottleneck, m.text, m.cause}
		case m.value >= m.strained && v.Level == Clean:
			v = Verdict{Strained, m.text, m.cause}
		}
	}
	return v
}

// share returns part ÷ of, or NaN if of is not positive.
func share(part, of int64) float64 {
	if of <= 0 {
		return math.NaN()
	}
	return float64(part) / float64(of)
}

// joinClauses joins two clauses, each of which may be empty.
func joinClauses(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
