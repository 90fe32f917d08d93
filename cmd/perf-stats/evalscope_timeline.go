package main

import (
	"cmp"
	"math"
	"slices"
)

// What evalscope calls the end and the steady state of a run: its last so many seconds, and all but this share.
const (
	evalscopeLast = 30.0
	evalscopeRamp = 0.2
)

// timePoint is the tokens of all that had ended so many seconds after the first of them began.
type timePoint struct{ t, completion, fresh, cached float64 }

// timeline has a point for each success, by its end, and the start of the first to end, which is time zero.
func (run *evalscopeRun) timeline() (zero float64, points []timePoint) {
	ended := slices.Clone(run.served)
	slices.SortStableFunc(ended, func(a, b served) int { return cmp.Compare(a.end, b.end) })
	zero = ended[0].start
	var p timePoint
	for _, s := range ended {
		p.t = s.end - zero
		p.completion += float64(s.completion)
		p.fresh += float64(max(0, s.prompt-s.cached))
		p.cached += float64(s.cached)
		points = append(points, p)
	}
	return zero, points
}

// rates are the tokens/s between two points: of prompts, of what of them was not and what was cached, and of answers.
func rates(from, to timePoint) [4]float64 {
	t := to.t - from.t
	fresh, cached := ratio(to.fresh-from.fresh, t), ratio(to.cached-from.cached, t)
	return [4]float64{fresh + cached, fresh, cached, ratio(to.completion-from.completion, t)}
}

// workloadFiles are workload_throughput.json and workload_timeline.json.
func (run *evalscopeRun) workloadFiles() (throughput, timeline pairs) {
	zero, points := run.timeline()
	last := points[len(points)-1]
	since := func(t float64) [4]float64 {
		i, found := slices.BinarySearchFunc(points, t, func(p timePoint, t float64) int { return cmp.Compare(p.t, t) })
		if !found {
			i = max(0, i-1)
		}
		if points[i] == last { // nothing is left: evalscope then takes the whole
			return rates(timePoint{}, last)
		}
		return rates(points[i], last)
	}
	whole := rates(timePoint{}, last)
	tail := whole
	if last.t > evalscopeLast {
		tail = since(last.t - evalscopeLast)
	}
	steady := since(last.t * evalscopeRamp)
	var rows []pairs
	for i, name := range []string{"Total Prompt tok/s", "New Prompt tok/s", "Cached Prompt tok/s", "Completion tok/s"} {
		rows = append(rows, pairs{{"metric", name}, {"overall", whole[i]}, {"last_window", tail[i]}, {"steady_state", steady[i]}})
	}
	throughput = pairs{
		{"n_samples", len(points)}, {"wall_time_s", math.Round(last.t*1e4) / 1e4}, {"last_window_s", evalscopeLast},
		{"warmup_frac", evalscopeRamp}, {"rows", rows},
	}
	list := make([]pairs, len(points))
	for i, p := range points {
		list[i] = pairs{{"t", math.Round(p.t*1e6) / 1e6}, {"cum_completion", p.completion}, {"cum_new_prompt", p.fresh}, {"cum_cached_prompt", p.cached}}
	}
	return throughput, pairs{{"wall_start", zero}, {"points", list}}
}
