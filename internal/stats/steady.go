package stats

import (
	"cmp"
	"math"
	"slices"

	"perfpipe/internal/dist"
)

// steadyLevel is the share of the level that a bin's load must reach to begin or end the steady window.
const steadyLevel = 0.95

// fewAnswers is the minimum length of a steady window, in mean latencies. The first and last answers would dominate a
// shorter one.
const fewAnswers = 3

// steady returns the window in which the load was at its level. The level is the number of requests in flight at the
// median start or end of a request. The window extends from the first to the last bin whose mean number of requests in
// flight is at least steadyLevel of the level. This excludes ramp-up and drain for any kind of load, and is robust
// against a few hung requests. It does not extend beyond the run, and idle time does not count. If it would be too
// short, its DurationS is NaN.
func (t *timeline) steady(all []stretch, idle []interval, run interval) Window {
	nan := dist.NaN()
	w := Window{DurationS: nan, RequestsPerS: nan, OutputPerS: nan, InputPerS: nan, TotalPerS: nan, InFlight: nan}
	from, to := t.steadyRange(all)
	if to == from {
		return w
	}
	var sum bin
	var busy int64
	for _, s := range all[from:to] {
		sum.add(s.bin)
		busy += s.busy
	}
	span := interval{all[from].first * t.width(), (all[to-1].first + all[to-1].n) * t.width()}
	span = interval{max(span.from, run.from), min(span.to, run.to)}
	us := span.length() - span.withinAll(idle)
	// By Little's law the mean latency is busy ÷ ends.
	if us <= 0 || sum.ends == 0 || float64(us)*float64(sum.ends) < fewAnswers*float64(busy) {
		return w
	}
	w.FromUs, w.ToUs = span.from, span.to
	w.DurationS = dist.Num(float64(us) / 1e6)
	w.RequestsPerS, w.OutputPerS = per(sum.ok, w.DurationS), per(sum.output, w.DurationS)
	w.InputPerS, w.TotalPerS = per(sum.input, w.DurationS), per(sum.input+sum.output, w.DurationS)
	w.InFlight = dist.Num(float64(busy) / float64(us))
	return w
}

// steadyRange returns the range of stretches from the first to the last one at the level; to is exclusive.
func (t *timeline) steadyRange(all []stretch) (from, to int) {
	type load struct{ level, events int64 }
	var loads []load
	var events int64
	for _, s := range all {
		if n := s.starts + s.ends; n > 0 {
			loads = append(loads, load{s.busy, n})
			events += n
		}
	}
	if events == 0 {
		return 0, 0
	}
	slices.SortFunc(loads, func(a, b load) int { return cmp.Compare(a.level, b.level) })
	half, level := (events+1)/2, int64(0)
	for _, l := range loads {
		if level = l.level; half <= l.events {
			break
		}
		half -= l.events
	}
	enough := math.Ceil(steadyLevel * float64(level))
	atLevel := func(s stretch) bool { return float64(s.busy)/float64(s.n) >= enough && !s.idle }
	from = slices.IndexFunc(all, atLevel)
	for i, s := range all {
		if atLevel(s) {
			to = i + 1
		}
	}
	return max(0, from), to
}
