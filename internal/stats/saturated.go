package stats

import (
	"fmt"
	"time"

	"perfpipe/internal/metric"
	"perfpipe/internal/saturation"
)

// maxIntervals limits the intervals of a load point that are passed to package saturation.
const maxIntervals = 4096

// saturated returns the reason why the server did not keep up with the load, or "" if it did. Only an open loop can
// show that, since it sends at its rate however slow the server is.
func (g *accumulator) saturated(b *Block, all []stretch) string {
	if b.Mode == closedLoop || g.rate == 0 || len(g.facts[factRun]) > 1 || len(all) == 0 {
		return ""
	}
	if g.missing.of("sent_early") > 0 || g.tooBrief(all) {
		return ""
	}
	last := all[len(all)-1]
	n := last.first + last.n - all[0].first
	per := (n + maxIntervals - 1) / maxIntervals // bins per interval
	intervals := (n + per - 1) / per
	c := saturation.Course{
		Width: time.Duration(per*g.flights.time.width()) * time.Microsecond,
		Due:   make([]int64, intervals), Served: make([]int64, intervals), Waiting: make([]float64, intervals),
	}
	var overdue int64 // requests that are due but not sent
	for _, s := range all {
		waiting := float64(s.busy)/float64(s.n*g.flights.time.width()) + float64(overdue)
		from, to := s.first-all[0].first, s.first-all[0].first+s.n
		for i := from / per; i*per < to; i++ {
			c.Waiting[i] += waiting * float64(min(to, (i+1)*per)-max(from, i*per)) / float64(per)
		}
		i := from / per
		c.Due[i] += s.dues
		c.Served[i] += s.ends
		overdue += s.dues - s.starts
	}
	return c.Saturated()
}

// tooBrief reports whether the load was shorter than a few times the fastest answer. All requests then wait at the same
// time, however fast the server is.
func (g *accumulator) tooBrief(all []stretch) bool {
	var load int64 // from the first to the last due request, bins
	for _, s := range all {
		if s.dues > 0 {
			load = s.first + s.n - all[0].first
		}
	}
	d := g.dist(metric.Index("latency_ms"))
	return d.N() > 0 && float64(load*g.flights.time.width()) < fewAnswers*float64(d.Stat(nil, 1).Min)
}

// Rung returns the block as a level of increasing load. Its throughput is that of the steady state, if there is one,
// since ramp-up and drain have a large effect in short runs. Its response times are those of successful requests.
func (b *Block) Rung() saturation.Rung {
	r := saturation.Rung{Rate: b.Rate, Saturated: b.Saturated}
	if b.Steady.RequestsPerS.Known() {
		r.Throughput = float64(b.Steady.RequestsPerS)
	} else if b.RequestsPerS.Known() {
		r.Throughput = float64(b.RequestsPerS)
	}
	if b.response.Known() {
		r.Latency = float64(b.response)
	}
	if r.Saturated == "" && 2*b.Failed > b.Requests {
		r.Saturated = fmt.Sprintf("%d of %d requests failed", b.Failed, b.Requests)
	}
	return r
}
