package evalscope

import (
	"cmp"
	"slices"
)

// The windows of workload_throughput.json: the last seconds of a run, and all of it except this share of its begin.
const (
	lastWindow  = 30.0
	warmupShare = 0.2
)

// timePoint is the tokens of all requests that had ended t seconds after the first one to end began.
type timePoint struct {
	t                         float64
	completion, fresh, cached int
}

// timeline returns a point for each success, by its end. Time zero is the start of the first request to end.
func (p *loadPoint) timeline() (zero float64, points []timePoint) {
	ended := slices.Clone(p.served)
	slices.SortStableFunc(ended, func(a, b served) int { return cmp.Compare(a.end, b.end) })
	zero = ended[0].start
	var at timePoint
	for _, s := range ended {
		at.t = s.end - zero
		cached := max(0, s.cached)
		at.completion += s.completion
		at.fresh += max(0, s.prompt-cached)
		at.cached += cached
		points = append(points, at)
	}
	return zero, points
}

// rates returns the tokens/s between two points.
func rates(from, to timePoint) [4]float64 {
	t := to.t - from.t
	per := func(tokens int) float64 { return ratio(float64(tokens), t) }
	fresh, cached := to.fresh-from.fresh, to.cached-from.cached
	return [4]float64{per(fresh + cached), per(fresh), per(cached), per(to.completion - from.completion)}
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
			{"metric", name}, {"overall", Float(whole[i])}, {"last_window", Float(tail[i])}, {"steady_state", Float(steady[i])},
		})
	}
	throughput = object{
		{"n_samples", len(points)}, {"wall_time_s", rounded(last.t, 4)}, {"last_window_s", Float(lastWindow)},
		{"warmup_frac", Float(warmupShare)}, {"rows", rows},
	}
	list := make([]object, len(points))
	for i, at := range points {
		list[i] = object{
			{"t", rounded(at.t, 6)}, {"cum_completion", at.completion},
			{"cum_new_prompt", at.fresh}, {"cum_cached_prompt", at.cached},
		}
	}
	return throughput, object{{"wall_start", Float(zero)}, {"points", list}}
}
