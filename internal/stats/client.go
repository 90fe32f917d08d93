package stats

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// Client gathers what records say of the load generator itself. The zero value is ready.
type Client struct {
	lag, cpu       dist.Dist // µs, where requests are due by a schedule; thousandths of its CPUs
	chunks, joined int64
	times          clientTimes
	conns          transported
}

// clientTimes are sums over records, in µs where they are times. A wait below heldMs is not counted: it is what a
// request costs.
type clientTimes struct {
	Lag, Output, Input          int64 // where requests are due by a schedule: how late, and what of it was due to stdout or stdin
	Idle, IdleOutput, IdleInput int64 // the same of a closed loop, where the lag is the time in which a slot is idle
	Busy                        int64 // of a closed loop: the time in which slots were not idle
	Lags                        int64 // records with a lag above 0, however short
	Zeros                       int64 // records that say that their lag is 0
	Stalled, Life               int64 // in which perf-send did not run; of all requests, from when they were due
}

// heldMs is the shortest wait that counts, ms.
const heldMs = 1

// Verdict judges the load generator by its own measurements.
type Verdict struct {
	Level  string `json:"verdict"` // clean, strained, bottleneck or unknown
	Reason string `json:"reason,omitempty"`
	hint   string
}

// Hint returns the next step for whoever runs the load generator; empty if it is clean.
func (v Verdict) Hint() string { return v.hint }

const (
	hintOutput = "perf-send -o FILE writes the records to a file, which perf-stats reads afterwards"
	hintInput  = "perf-gen -o FILE makes the request lines beforehand"
	hintTwice  = "the server ends kept connections; --no-keep-alive opens one for each request, --no-resend makes such requests failures"
	hintCPU    = "run perf-send on idle CPUs of its own, lower the load, or split it over several machines"
)

// The levels of a Verdict.
const (
	Clean      = "clean"
	Strained   = "strained"   // figures near the thresholds' size are suspect
	Bottleneck = "bottleneck" // the figures are the client's, not the server's
	Unknown    = "unknown"
)

// SlowOutput is the verdict on a run most of which records waited to be written, though buffers took them up and the load
// was not held up yet.
func SlowOutput(waited, run time.Duration) Verdict {
	return Verdict{Strained, fmt.Sprintf("stdout or the output file took the records too slowly, for %v of %v: a longer run would be held up",
		waited.Round(100*time.Millisecond), run.Round(100*time.Millisecond)), hintOutput}
}

// Add takes what a record says. A key that is absent was not measured.
func (c *Client) Add(r *record.Record) {
	c.dists()
	lag, known := r.Lag()
	if known && r.Mode != closedLoop {
		c.lag.Add(metric.Micro(lag))
	}
	c.times.add(r, lag)
	c.conns.add(r)
	if r.ClientCPU > 0 {
		c.cpu.Add(metric.Whole(r.ClientCPU * metric.Thousandths))
	}
	c.chunks += int64(len(r.GapUs))
	c.joined += joinedChunks(r)
}

// closedLoop is the mode of records whose requests are due when the answer before has ended.
const closedLoop = "closed"

func (t *clientTimes) add(r *record.Record, lag float64) {
	sum := func(to *int64, ms float64) {
		if us := metric.Micro(ms); us > 0 && *to < math.MaxInt64-us {
			*to += us
		}
	}
	switch {
	case lag > 0:
		t.Lags++
	case r.Says(record.KeyLagMs):
		t.Zeros++
	}
	if r.Mode == closedLoop {
		sum(&t.Busy, r.LatencyMs)
		if lag >= heldMs {
			sum(&t.Idle, lag)
			sum(&t.IdleOutput, r.OutputWaitMs)
			sum(&t.IdleInput, r.InputWaitMs)
		}
	} else if lag >= heldMs {
		sum(&t.Lag, lag)
		sum(&t.Output, r.OutputWaitMs)
		sum(&t.Input, r.InputWaitMs)
	}
	sum(&t.Stalled, r.StallMs)
	sum(&t.Life, lag+max(r.LatencyMs, r.StallMs))
}

// lateRead is the wait before a read, ms, from which chunks that it found together may have come one after the other.
const lateRead = 1

// joinedChunks is how many chunks of a stream were read late and together, and lost their own times: joined_chunks.
// Records without it may have had such reads; each read that found several chunks counts as one.
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

// Joined is the share of chunks that were read late and together with others, whose time is the last one's.
func (c *Client) Joined() float64 { return float64(c.joined) / float64(max(1, c.chunks)) }

// Merge adds what o gathered.
func (c *Client) Merge(o *Client) {
	c.chunks += o.chunks
	c.joined += o.joined
	c.times.merge(&o.times)
	c.conns.merge(&o.conns)
	mine, theirs := c.dists(), o.dists()
	for i := range mine {
		mine[i].Merge(theirs[i])
	}
}

func (t *clientTimes) merge(o *clientTimes) {
	t.Lag += o.Lag
	t.Output += o.Output
	t.Input += o.Input
	t.Idle += o.Idle
	t.IdleOutput += o.IdleOutput
	t.IdleInput += o.IdleInput
	t.Busy += o.Busy
	t.Stalled += o.Stalled
	t.Life += o.Life
	t.Lags += o.Lags
	t.Zeros += o.Zeros
}

// dists gives what is gathered. Few values are kept as they are: perf-send holds a Client for a run of any length.
func (c *Client) dists() [2]*dist.Dist {
	all := [2]*dist.Dist{&c.lag, &c.cpu}
	for _, d := range all {
		d.Limit = 4096
	}
	return all
}

// Verdict judges what was gathered so far.
func (c *Client) Verdict() Verdict {
	at := func(d *dist.Dist, p, unit float64) float64 { s := d.Stat([]float64{p}, unit); return s.At(p) }
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

// judge is the rule: the worst of its marks. docs/accuracy.md shows the measurements behind it.
//
//	                    strained   bottleneck
//	slots idle           ≥ 5 %       ≥ 20 %     of the time of a closed loop's slots: it was not at its level
//	stalled              ≥ 5 %       ≥ 20 %     of the requests' time: perf-send did not run
//	lag, p99             ≥ 10 ms     ≥ 100 ms   requests that were due by a schedule went out late
//	chunks read late     ≥ 1 %       ≥ 10 %     of all, together with the one before: their times are the last one's
//	client CPU, p90      ≥ 0.80      ≥ 0.95     of the CPUs it may use
//	sent twice           ≥ 1 %         –        of the requests, whose first attempt cost 1 ms or more: it is in their times
//
// The kernel's stamps are exact however late they are read, but it keeps one for all that waits in a connection. Up to one
// such chunk in a hundred leaves the p99 of the times' error where it is. A lag is no error of a time: it is shown, and in
// the response time; but a slot that is idle sends less than was asked for. NaN passes: what was not measured accuses nobody.
func (c *Client) judge(lagP99Ms, cpuP90 float64) Verdict {
	t := &c.times
	idle, held := share(t.Idle, t.Idle+t.Busy), share(t.IdleOutput+t.IdleInput, t.Idle+t.Busy)
	idleFor := fmt.Sprintf("slots were idle for %.3g %% of the time%s", idle*100,
		cmp.Or(since(t.Idle, t.IdleOutput, t.IdleInput), ": perf-send was busy, stopped or starved of CPU"))
	stalled := share(t.Stalled, t.Life)
	marks := []struct {
		value, strained, bottleneck float64
		reason                      string
	}{
		{held, 0.05, 0.20, idleFor},
		{stalled, 0.05, 0.20, fmt.Sprintf("perf-send did not run for %.3g %% of its requests' time: "+
			"it was stopped, starved of CPU, or over a CPU quota", stalled*100)},
		{lagP99Ms, 10, 100, fmt.Sprintf("requests went out late: lag p99 is %.4g ms%s",
			lagP99Ms, since(t.Lag, t.Output, t.Input))},
		{idle, 0.05, 0.20, idleFor},
		{c.Joined(), 0.01, 0.10, fmt.Sprintf("%.3g %% of the chunks were read late and together with others: their times are the last one's", c.Joined()*100)},
		{cpuP90, 0.80, 0.95, fmt.Sprintf("the client used %.0f %% of its CPUs (p90)", cpuP90*100)},
		{share(c.conns.TwiceLate, c.conns.Requests), 0.01, math.Inf(1), c.conns.twice()},
	}
	v := Verdict{Level: Clean, Reason: c.conns.twice()}
	for _, m := range marks {
		switch {
		case m.value >= m.bottleneck && v.Level != Bottleneck:
			v = Verdict{Bottleneck, m.reason, hintOf(m.reason)}
		case m.value >= m.strained && v.Level == Clean:
			v = Verdict{Strained, m.reason, hintOf(m.reason)}
		}
	}
	return v
}

const (
	slowOutput = ": stdout or the output file took the records too slowly"
	slowInput  = ": request lines came too slowly"
)

// since names what most of a wait was for, if that is known.
func since(all, output, input int64) string {
	switch {
	case output > 0 && output >= all/2:
		return slowOutput
	case input > 0 && input >= all/2:
		return slowInput
	}
	return ""
}

func hintOf(reason string) string {
	switch {
	case strings.HasPrefix(reason, "sent twice"):
		return hintTwice
	case strings.HasSuffix(reason, slowOutput):
		return hintOutput
	case strings.HasSuffix(reason, slowInput):
		return hintInput
	}
	return hintCPU
}

func share(part, of int64) float64 {
	if of <= 0 {
		return math.NaN()
	}
	return float64(part) / float64(of)
}
