package evalscope

import (
	"cmp"
	"math"
	"slices"
)

// The windows of workload_throughput.json: the last seconds of a run, and all of it except this share of its begin.
const (
	lastWindow  = 30.0
	warmupShare = 0.2
)

// timePoint is the tokens of all requests that had ended t seconds after the first one began.
type timePoint struct{ t, completion, fresh, cached float64 }

// timeline returns a point for each success, by its end. Time zero is the start of the first request to end.
func (p *loadPoint) timeline() (zero float64, points []timePoint) {
	ended := slices.Clone(p.served)
	slices.SortStableFunc(ended, func(a, b served) int { return cmp.Compare(a.end, b.end) })
	zero = ended[0].start
	var at timePoint
	for _, s := range ended {
		at.t = s.end - zero
		at.completion += float64(s.completion)
		at.fresh += float64(max(0, s.prompt-s.cached))
		at.cached += float64(s.cached)
		points = append(points, at)
	}
	return zero, points
}

// rates returns the tokens/s between two points.
func rates(from, to timePoint) [4]float64 {
	t := to.t - from.t
	fresh, cached := ratio(to.fresh-from.fresh, t), ratio(to.cached-from.cached, t)
	return [4]float64{fresh + cached, fresh, cached, ratio(to.completion-from.completion, t)}
}

// workload returns workload_throughput.json and workload_timeline.json.
func (p *loadPoint) workload() (throughput, timeline object) {
	zero, points := p.timeline()
	last := points[len(points)-1]
	since := func(t float64) [4]float64 {
		i, found := slices.BinarySearchFunc(points, t, func(p timePoint, t float64) int { return cmp.Compare(p.t, t) })
		if !found {
			i = max(0, i-1)
		}
		if points[i] == last { // nothing is left: evalscope then takes the whole run
			return rates(timePoint{}, last)
		}
		return rates(points[i], last)
	}
	whole := rates(timePoint{}, last)
	tail := whole
	if last.t > lastWindow {
		tail = since(last.t - lastWindow)
	}
	steady := since(last.t * warmupShare)
	var rows []object
	for i, name := range []string{"Total Prompt tok/s", "New Prompt tok/s", "Cached Prompt tok/s", "Completion tok/s"} {
		rows = append(rows, object{
			{"metric", name}, {"overall", whole[i]}, {"last_window", tail[i]}, {"steady_state", steady[i]},
		})
	}
	throughput = object{
		{"n_samples", len(points)}, {"wall_time_s", math.Round(last.t*1e4) / 1e4}, {"last_window_s", lastWindow},
		{"warmup_frac", warmupShare}, {"rows", rows},
	}
	list := make([]object, len(points))
	for i, at := range points {
		list[i] = object{
			{"t", math.Round(at.t*1e6) / 1e6}, {"cum_completion", at.completion},
			{"cum_new_prompt", at.fresh}, {"cum_cached_prompt", at.cached},
		}
	}
	return throughput, object{{"wall_start", zero}, {"points", list}}
}
