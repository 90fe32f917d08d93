package stats

import "fmt"

// Client gathers what records say of the load generator itself. The zero value is ready.
type Client struct {
	lag, read Dist // µs
	cpu       Dist // thousandths of its CPUs
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

// Add takes one record's lag_ms, read_delay_ms and client_cpu. A lag that is NaN, a read delay and a client_cpu of zero were
// not measured.
func (c *Client) Add(lagMs, readDelayMs, cpu float64) {
	c.dists()
	c.lag.Add(micro(lagMs))
	if readDelayMs > 0 {
		c.read.Add(micro(readDelayMs))
	}
	if cpu > 0 {
		c.cpu.Add(whole(cpu * thousandths))
	}
}

// Merge adds what o gathered.
func (c *Client) Merge(o *Client) {
	mine, theirs := c.dists(), o.dists()
	for i := range mine {
		mine[i].Merge(theirs[i])
	}
}

// dists gives what is gathered. Few values are kept as they are: perf-send holds a Client for a run of any length.
func (c *Client) dists() [3]*Dist {
	all := [3]*Dist{&c.lag, &c.read, &c.cpu}
	for _, d := range all {
		d.limit = 4096
	}
	return all
}

// Verdict judges what was gathered so far.
func (c *Client) Verdict() Verdict {
	at := func(d *Dist, p, unit float64) float64 { s := d.Stat([]float64{p}, unit); return s.At(p) }
	v := JudgeClient(at(&c.lag, 99, microseconds), at(&c.read, 99, microseconds), at(&c.cpu, 90, thousandths))
	if c.cpu.N() == 0 && c.read.N() == 0 && !(c.lag.Stat(nil, 1).Max > 0) {
		return Verdict{Level: Unknown, Reason: "the records carry no lag_ms, read_delay_ms or client_cpu"}
	}
	return v
}

// JudgeClient is the rule: the worst of three marks.
//
//	                    strained   bottleneck
//	lag, p99             ≥ 10 ms     ≥ 100 ms   requests went out late
//	read delay, p99      ≥ 10 ms     ≥ 100 ms   answers lay unread in the kernel
//	client CPU, p90      ≥ 0.80      ≥ 0.95     of the CPUs it may use
//
// A healthy client is late by about 1 ms (the timer's grain), so 10 ms is well outside its noise and still small beside
// a TTFT; at 100 ms the error is the size of what is measured. NaN passes: what was not measured accuses nobody.
func JudgeClient(lagP99Ms, readDelayP99Ms, cpuP90 float64) Verdict {
	marks := []struct {
		value, strained, bottleneck float64
		reason                      string
	}{
		{lagP99Ms, 10, 100, fmt.Sprintf("requests went out late: lag p99 is %.4g ms", lagP99Ms)},
		{readDelayP99Ms, 10, 100, fmt.Sprintf("answers waited to be read: read delay p99 is %.4g ms", readDelayP99Ms)},
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
