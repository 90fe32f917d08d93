// Package compare compares two sides, an old and a new one. Each side is one or more runs of the same load.
//
// Sides matches the load points of the two sides by name. For every figure, it computes the relative difference with
// its 95 % interval and P value. For the headline figures it also reaches a verdict; the probability of any false alarm
// among the verdicts of a comparison is 5 %. docs/metrics.md has the methods and their measured error rates
// (scripts/coverage).
package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"perfpipe/internal/confidence"
	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/stats"
	"perfpipe/internal/visible"
)

// format identifies a comparison document and its version.
const format = "perfpipe-comparison/2"

// Comparison holds the differences between two sides, ordered by load point.
type Comparison struct {
	Format  string   `json:"format"`
	Changes []Change `json:"changes"`
	Notes   []string `json:"notes"` // reasons why the sides are not comparable, such as different loads
}

// Headlines returns the changes of the headline figures, which have verdicts: success rate, throughput, and the mean,
// p50, p90 and p99 of TTFT, TPOT and response time.
func (c *Comparison) Headlines() []Change {
	return slices.DeleteFunc(slices.Clone(c.Changes), func(c Change) bool { return !c.Headline })
}

// Unjudged returns the reasons why the comparison cannot be judged as a whole: its notes, and the headline figures
// whose verdict is CannotTell. It is empty if there are none.
func (c *Comparison) Unjudged() []string {
	out := slices.Clone(c.Notes)
	for _, h := range c.Changes {
		if h.Verdict == CannotTell {
			out = append(out, strings.TrimSpace(h.Block+" "+h.Figure)+": "+h.Why)
		}
	}
	return out
}

// mostReasons limits the reasons that are listed.
const mostReasons = 8

// Some returns the first few of many reasons, and how many more there are, each on one line.
func Some(reasons []string) []string {
	if n := len(reasons); n > mostReasons+1 {
		reasons = append(slices.Clone(reasons[:mostReasons]), fmt.Sprintf("%d more", n-mostReasons))
	}
	out := make([]string, len(reasons))
	for i, r := range reasons {
		out[i] = visible.Line(r)
	}
	return out
}

// Worse returns the headline figures that are worse by more than share, such as 0.05, the worst first.
func (c *Comparison) Worse(share float64) []Change {
	const slack = 1e-9 // in floating point, 210/200 − 1 exceeds 0.05
	size := func(c Change) float64 { return math.Abs(float64(c.Delta)) }
	worse := slices.DeleteFunc(slices.Clone(c.Changes), func(c Change) bool {
		return c.Verdict != Worse || !(size(c) > share+slack)
	})
	slices.SortStableFunc(worse, func(a, b Change) int { return cmp.Compare(size(b), size(a)) })
	return worse
}

// MayBeWorse returns the headline figures without a difference that may nevertheless be worse by more than share, since
// their intervals do not exclude it, and the greatest share by which one may be worse, the first of them.
func (c *Comparison) MayBeWorse(share float64) (list []Change, most float64) {
	list = slices.DeleteFunc(slices.Clone(c.Changes), func(c Change) bool {
		return c.Verdict != NoDifference || !(c.worst > share)
	})
	slices.SortStableFunc(list, func(a, b Change) int { return cmp.Compare(b.worst, a.worst) })
	if len(list) > 0 {
		most = list[0].worst
	}
	return list, most
}

// The verdicts of a headline figure.
const (
	Better       = "better"
	Worse        = "worse"
	NoDifference = "no difference" // was found: it may be as great as Possible
	CannotTell   = "cannot tell"
)

// Change is the difference of one figure of one load point between the two sides.
type Change struct {
	Block     string        `json:"block"`     // name of the load point
	Simulated bool          `json:"simulated"` // either side measured the simulator, not a server
	Figure    string        `json:"figure"`    // such as ttft_ms:p99 or requests_per_s
	Headline  bool          `json:"headline"`  // the figure has a verdict
	Old       dist.Num      `json:"old"`       // in the unit of the figure
	New       dist.Num      `json:"new"`       // in the unit of the figure
	Delta     dist.Num      `json:"delta"`     // new ÷ old − 1
	CI        dist.Interval `json:"delta_ci"`  // 95 % interval of Delta
	// P is the probability of a difference at least as great if the sides are equal. It is below 0.05 if CI excludes zero.
	P        dist.Num `json:"p"`
	Adjusted dist.Num `json:"p_adjusted"` // P adjusted for the number of headline figures
	Test     string   `json:"test"`       // how P was computed; empty: no test
	Shown    bool     `json:"shown"`      // significant at 5 % over the headline figures of the load point
	Better   int      `json:"better"`     // 1: better, −1: worse, 0: neither, or not Shown
	Verdict  string   `json:"verdict"`    // of a headline figure, at 5 % over all load points; empty for other figures
	// Possible is the greatest relative difference, either way, that CI does not exclude, if the verdict is NoDifference.
	// NaN if CI does not bound it.
	Possible dist.Num `json:"possible"`
	Why      string   `json:"why"`  // why there is no test
	Need     int64    `json:"need"` // about the requests per side that would suffice for a test; 0: does not apply

	worst float64 // by what share New may be worse than Old, by CI; +∞ if it has no such bound
}

// alpha is the probability of any false alarm in a comparison.
const alpha = 1 - confidence.Level

// Sides compares two sides, each of one or more runs of the same load. The collectors should have been created with the
// option Intervals.
//
// If each side has one run, the sample is its requests: the interval of a difference is computed from those of the two
// figures, and P is the level at which it just reaches zero. If each has several runs, the sample is the runs, since
// the requests of one run are not independent: the interval and P are those of Welch's t-test.
func Sides(base, next []*stats.Collector) *Comparison {
	out := &Comparison{Format: format, Changes: []Change{}, Notes: []string{}}
	old, now := sides(base), sides(next)
	for _, s := range old {
		i := slices.IndexFunc(now, func(o side) bool { return o.name == s.name })
		if i < 0 {
			out.Notes = append(out.Notes, s.title()+": only the old side has it")
			continue
		}
		changes := s.compare(&now[i])
		out.Changes = append(out.Changes, changes...)
		out.Notes = append(out.Notes, s.unlike(&now[i])...)
		out.Notes = append(out.Notes, s.doubts("old")...)
		out.Notes = append(out.Notes, now[i].doubts("new")...)
		out.Notes = append(out.Notes, unlikeLengths(s.title(), changes)...)
		if s.failed() && now[i].failed() {
			out.Notes = append(out.Notes, s.title()+": all requests of both sides failed")
		}
	}
	for _, s := range now {
		if !slices.ContainsFunc(old, func(o side) bool { return o.name == s.name }) {
			out.Notes = append(out.Notes, s.title()+": only the new side has it")
		}
	}
	judge(out.Changes)
	return out
}

// figure describes a figure to compare.
type figure struct {
	name     string // such as requests_per_s or ttft_ms:p99
	better   metric.Better
	headline bool
	mean     bool // the mean of a metric
}

// figures returns the figures to compare, in order of output, with these percentiles of each metric.
func figures(percentiles []float64) []figure {
	out := []figure{
		{"requests_per_s", metric.More, true, false}, {"output_tokens_per_s", metric.More, true, false},
		{"success_rate", metric.More, true, false},
	}
	for _, m := range metric.All() {
		out = append(out, figure{m.Key + ":mean", m.Better, m.Headline, true})
		for _, p := range percentiles {
			headline := m.Headline && (p == 50 || p == 90 || p == 99)
			out = append(out, figure{m.Key + ":" + dist.PercentileName(p), m.Better, headline, false})
		}
	}
	return out
}

// compare returns the changes of the figures that at least one side has.
func (s *side) compare(o *side) (out []Change) {
	steady := s.steady() && o.steady()
	old, now := s.estimates(steady), o.estimates(steady)
	for _, f := range figures(s.runs[0].Percentiles()) {
		a, b := old[f.name], now[f.name]
		if a == nil && b == nil || f.name == "output_tokens_per_s" && none(a) && none(b) {
			continue
		}
		c := difference(a, b)
		c.Block, c.Figure, c.Headline = s.name, f.name, f.headline
		c.Simulated = s.simulated() || o.simulated()
		if math.IsInf(float64(c.Old), 1) || math.IsInf(float64(c.New), 1) {
			c.Headline = c.Headline && !f.mean // a mean is +∞ due to failures, which the success rate judges
		}
		c.Better = int(f.better)
		out = append(out, c)
	}
	return out
}

// none reports whether all values of list are zero or NaN.
func none(list []confidence.Estimate) bool {
	return !slices.ContainsFunc(list, func(e confidence.Estimate) bool { return e.Value != 0 && !math.IsNaN(e.Value) })
}
