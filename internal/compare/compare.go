// Package compare compares two sides, each one run or several of the same load: every figure with its difference, the
// interval of the difference and its probability, and for the headline figures a verdict. Over all headline figures of a
// comparison the chance of any false alarm is 5 %. docs/metrics.md has the methods and what they were measured to be worth
// (scripts/coverage).
package compare

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"perfpipe/internal/confidence"
	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/stats"
)

// Format marks a comparison document and its version.
const Format = "perfpipe-comparison/2"

// Comparison is the differences between two sides, load point by load point.
type Comparison struct {
	Format  string   `json:"format"`
	Changes []Change `json:"changes"`
	Notes   []string `json:"notes"` // how the sides differ in what was asked, and load points that one of them lacks
}

// Headlines returns the figures that are judged: success rate, throughput, and TTFT, TPOT and response time at the mean,
// p50, p90 and p99. The chance of any false alarm among those of all load points is 5 %.
func (c *Comparison) Headlines() []Change {
	return slices.DeleteFunc(slices.Clone(c.Changes), func(c Change) bool { return !c.Headline })
}

// Unjudged returns why the comparison as a whole cannot be judged: its notes, and the headline figures that cannot be
// told. It is empty if all can.
func (c *Comparison) Unjudged() []string {
	out := slices.Clone(c.Notes)
	for _, h := range c.Changes {
		if h.Verdict == CannotTell {
			out = append(out, strings.TrimSpace(h.Block+" "+h.Figure)+": "+h.Why)
		}
	}
	return out
}

// Worse returns the headline figures that are worse by more than a share, the worst first.
func (c *Comparison) Worse(share float64) []Change {
	const slack = 1e-9 // 210 ÷ 200 − 1 is a little more than 5 %
	size := func(c Change) float64 { return math.Abs(float64(c.Delta)) }
	worse := slices.DeleteFunc(slices.Clone(c.Changes), func(c Change) bool {
		return c.Verdict != Worse || !(size(c) > share+slack)
	})
	slices.SortStableFunc(worse, func(a, b Change) int { return cmp.Compare(size(b), size(a)) })
	return worse
}

// The verdicts of a headline figure.
const (
	Better       = "better"
	Worse        = "worse"
	NoDifference = "no difference"
	CannotTell   = "cannot tell"
)

// Change is one figure of one load point on two sides.
type Change struct {
	Block     string        `json:"block"`
	Simulated bool          `json:"simulated"` // on either side: no server was measured
	Figure    string        `json:"figure"`    // ttft_ms:p99, requests_per_s
	Headline  bool          `json:"headline"`  // it has a verdict
	Old       dist.Num      `json:"old"`
	New       dist.Num      `json:"new"`
	Delta     dist.Num      `json:"delta"`    // new ÷ old − 1
	CI        dist.Interval `json:"delta_ci"` // 95 %
	// P is the probability of so great a difference if there is none: below 0.05 if the interval excludes zero.
	P        dist.Num `json:"p"`
	Adjusted dist.Num `json:"p_adjusted"`
	Test     string   `json:"test"`    // the source of P; empty if there is no test
	Shown    bool     `json:"shown"`   // a difference, at 5 % over the headline figures of its load point
	Better   int      `json:"better"`  // of a difference that is shown: 1, −1 worse, 0 neither
	Verdict  string   `json:"verdict"` // of a headline figure, at 5 % over those of all load points; empty for others
	Why      string   `json:"why"`     // it cannot be told
	Need     int64    `json:"need"`    // requests a side that would be enough, about; 0 if more would not, or it can be told
}

const alpha = 1 - confidence.Level

// Sides compares the same figures of two sides. Each side is one run or several of the same load; they should have been
// collected with Intervals.
//
// With one run a side the requests are the sample, as far as they are worth independent ones: the interval of the
// difference follows from those of the two sides, and P is the level at which it just reaches zero. With several runs a
// side the runs are the sample, since requests of one run share its luck: interval and P are Welch's.
func Sides(base, next []*stats.Collector) *Comparison {
	out := &Comparison{Format: Format, Changes: []Change{}, Notes: []string{}}
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
		if n := unlikePrompts(s.title(), changes); n != "" {
			out.Notes = append(out.Notes, n)
		}
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

// figure is one that is compared.
type figure struct {
	name     string // requests_per_s, ttft_ms:p99
	better   metric.Better
	headline bool
	mean     bool
}

// figures returns what is compared, in order, at these percentiles.
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

// compare returns the figures that either side has.
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
			c.Headline = c.Headline && !f.mean // the success rate judges failures
		}
		c.Better = int(f.better)
		out = append(out, c)
	}
	return out
}

// none reports whether there is nothing but zeros.
func none(list []confidence.Estimate) bool {
	return !slices.ContainsFunc(list, func(e confidence.Estimate) bool { return e.Value != 0 && !math.IsNaN(e.Value) })
}
