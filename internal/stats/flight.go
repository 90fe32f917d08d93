package stats

import (
	"fmt"
	"math"
	"strings"

	"perfpipe/internal/metric"
	"perfpipe/internal/radix"
)

// flights records when requests were in flight and when their tokens arrived.
type flights struct {
	limit        int64   // maximum length of starts and ends; negative means unlimited
	starts, ends []int64 // µs; nil once there are more than limit
	n            int64   // requests
	firstUs      int64   // first due time, µs since the epoch; 0 if unknown
	lastUs       int64   // last end, µs since the epoch
	time         timeline
	spans        map[loadPoint]*interval // from the first due time to the last end of each load point
	point        loadPoint               // load point of the last record
	span         *interval               // caches spans[point]
}

// loadPoint identifies one level of load in one run.
type loadPoint struct{ runID, run string }

// maxSpans limits the load points in flights.spans. All further ones share one span.
const maxSpans = 4096

// of returns the span of load point p.
func (f *flights) of(p loadPoint) *interval {
	if f.span != nil && f.point == p {
		return f.span
	}
	s := f.spans[p]
	if s == nil && len(f.spans) >= maxSpans {
		p = loadPoint{}
		s = f.spans[p]
	}
	if s == nil {
		if f.spans == nil {
			f.spans = map[loadPoint]*interval{}
		}
		p = loadPoint{strings.Clone(p.runID), strings.Clone(p.run)}
		s = &interval{math.MaxInt64, 0}
		f.spans[p] = s
	}
	f.point, f.span = p, s
	return s
}

// add adds a record that is metric.Timed, and reports whether the times of its chunks are plausible.
func (f *flights) add(o *metric.Observation) bool {
	r := o.Record
	due, end := metric.DueUs(r), r.SentUs+metric.Micro(r.LatencyMs)
	if f.firstUs == 0 || due < f.firstUs {
		f.firstUs = due
	}
	f.lastUs = max(f.lastUs, end)
	s := f.of(loadPoint{r.RunID, r.Run})
	s.from, s.to = min(s.from, due), max(s.to, end)
	f.keep([]int64{r.SentUs}, []int64{end}, 1)
	return f.time.add(o)
}

// keep adds n requests with their starts and ends, and drops all starts and ends if they are incomplete or too many.
func (f *flights) keep(starts, ends []int64, n int64) {
	whole := f.n == int64(len(f.starts)) && n == int64(len(starts))
	f.n += n
	if f.limit >= 0 && f.n > f.limit || !whole {
		f.starts, f.ends = nil, nil
		return
	}
	f.starts, f.ends = append(f.starts, starts...), append(f.ends, ends...)
}

func (f *flights) merge(o *flights) {
	if o.n == 0 {
		return
	}
	if f.firstUs == 0 || o.firstUs < f.firstUs {
		f.firstUs = o.firstUs
	}
	f.lastUs = max(f.lastUs, o.lastUs)
	f.keep(o.starts, o.ends, o.n)
	f.time.merge(&o.time)
	for p, theirs := range o.spans {
		mine := f.of(p)
		mine.from, mine.to = min(mine.from, theirs.from), max(mine.to, theirs.to)
	}
}

// exactPeak reports whether peak is exact.
func (f *flights) exactPeak() bool { return int64(len(f.starts)) == f.n }

// peak returns the maximum number of requests in flight. An end and a start at the same µs do not overlap.
func (f *flights) peak() int64 {
	if !f.exactPeak() {
		return edgePeak(f.time.stretches())
	}
	return f.overlap(0)
}

// overlap returns the maximum number of requests in flight at once for more than us µs. The peak must be exact.
func (f *flights) overlap(us int64) int64 {
	radix.Sort(f.starts)
	radix.Sort(f.ends)
	var most int64
	e := 0
	for s, start := range f.starts {
		for e < len(f.ends) && f.ends[e] <= start+us {
			e++
		}
		most = max(most, int64(s+1-e))
	}
	return most
}

// tooManyNote returns a note if more requests were in flight at once than the load had slots.
func (g *accumulator) tooManyNote() []string {
	if g.slots <= 0 || !g.flights.exactPeak() || g.facts[factMode]["open"] {
		return nil
	}
	const slack = 1000 // µs, for the error of clocks and rounding
	slots := int64(g.slots) * int64(max(1, len(g.facts[factShard]))*max(1, len(g.facts[factRunID])))
	most := g.flights.overlap(slack)
	if most <= slots || g.sessions.fork() {
		return nil
	}
	return []string{fmt.Sprintf(
		"%d requests were in flight at once, of at most %d by their parallel: "+
			"records of several runs, or impossible times", most, slots)}
}
