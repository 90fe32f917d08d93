package stats

import (
	"fmt"

	"llmperf/internal/record"
)

// Client gathers what records say of the load generator itself. The zero value is ready.
type Client struct {
	lag, cpu       Dist // µs; thousandths of its CPUs
	chunks, joined int64
}

// Verdict judges the load generator by its own measurements.
type Verdict struct {
	Level  string `json:"verdict"` // clean, strained, bottleneck or unknown
	Reason string `json:"reason,omitempty"`
}

// The levels of a Verdict.
const (
	Clean      = "clean"
	Strained   = "strained"   // figures near the thresholds' size are suspect
	Bottleneck = "bottleneck" // the figures are the client's, not the server's
	Unknown    = "unknown"
)

// Add takes what a record says. A key that is absent was not measured.
func (c *Client) Add(r *record.Record) {
	c.dists()
	if lag, known := r.Lag(); known {
		c.lag.Add(micro(lag))
	}
	if r.ClientCPU > 0 {
		c.cpu.Add(whole(r.ClientCPU * thousandths))
	}
	c.chunks += int64(len(r.GapUs))
	if r.ReadDelayMs < lateRead { // then they came together
		return
	}
	for _, gap := range r.GapUs {
		if gap == 0 {
			c.joined++
		}
	}
}

// lateRead is the wait before a read, ms, from which chunks that it found together may have come one after the other.
const lateRead = 1

// Joined is the share of chunks that were read late and together with others, whose time is the last one's.
func (c *Client) Joined() float64 { return float64(c.joined) / float64(max(1, c.chunks)) }

// Merge adds what o gathered.
func (c *Client) Merge(o *Client) {
	c.chunks += o.chunks
	c.joined += o.joined
	mine, theirs := c.dists(), o.dists()
	for i := range mine {
		mine[i].Merge(theirs[i])
	}
}

// dists gives what is gathered. Few values are kept as they are: perf-send holds a Client for a run of any length.
func (c *Client) dists() [2]*Dist {
	all := [2]*Dist{&c.lag, &c.cpu}
	for _, d := range all {
		d.limit = 4096
	}
	return all
}

// Verdict judges what was gathered so far.
func (c *Client) Verdict() Verdict {
	at := func(d *Dist, p, unit float64) float64 { s := d.Stat([]float64{p}, unit); return s.At(p) }
	if c.cpu.N() == 0 && !(c.lag.Stat(nil, 1).Max > 0) {
		return Verdict{Level: Unknown, Reason: "the records carry no lag_ms or client_cpu"}
	}
	return JudgeClient(at(&c.lag, 99, microseconds), c.Joined(), at(&c.cpu, 90, thousandths))
}

// JudgeClient is the rule: the worst of three marks. docs/accuracy.md shows the measurements behind it.
//
//	                    strained   bottleneck
//	lag, p99             ≥ 10 ms     ≥ 100 ms   requests went out late
//	chunks read late     ≥ 1 %       ≥ 10 %     of all, together with the one before: their times are the last one's
//	client CPU, p90      ≥ 0.80      ≥ 0.95     of the CPUs it may use
//
// The kernel's stamps are exact however late they are read, but it keeps one for all that waits in a connection. Up to one
// such chunk in a hundred leaves the p99 of the times' error where it is. A lag is no error of a time: it is shown, and in
// the response time. NaN passes: what was not measured accuses nobody.
func JudgeClient(lagP99Ms, joined, cpuP90 float64) Verdict {
	marks := []struct {
		value, strained, bottleneck float64
		reason                      string
	}{
		{lagP99Ms, 10, 100, fmt.Sprintf("requests went out late: lag p99 is %.4g ms", lagP99Ms)},
		{joined, 0.01, 0.10, fmt.Sprintf("%.3g %% of the chunks were read late and together with others: their times are the last one's", joined*100)},
		{cpuP90, 0.80, 0.95, fmt.Sprintf("the client used %.0f %% of its CPUs (p90)", cpuP90*100)},
	}
	v := Verdict{Level: Clean}
	for _, m := range marks {
		switch {
		case m.value >= m.bottleneck && v.Level != Bottleneck:
			v = Verdict{Bottleneck, m.reason}
		case m.value >= m.strained && v.Level == Clean:
			v = Verdict{Strained, m.reason}
		}
	}
	return v
}
