package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// ComparisonFormat marks a comparison document and its version.
const ComparisonFormat = "perfpipe-comparison/2"

// Comparison is two sides set against each other, load point by load point.
type Comparison struct {
	Format  string   `json:"format"`
	Changes []Change `json:"changes"`
	Notes   []string `json:"notes"` // how the sides are unlike in what was asked, and load points that one of them lacks
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
		return c.Verdict != IsWorse || !(size(c) > share+slack)
	})
	slices.SortStableFunc(worse, func(a, b Change) int { return cmp.Compare(size(b), size(a)) })
	return worse
}

// The verdicts of a headline figure.
const (
	IsBetter     = "better"
	IsWorse      = "worse"
	NoDifference = "no difference"
	CannotTell   = "cannot tell"
)

// Change is one figure of one load point on two sides.
type Change struct {
	Block     string        `json:"block"`
	Simulated bool          `json:"simulated"` // on either side: no server was measured
	Figure    string        `json:"figure"`    // ttft_ms:p99, requests_per_s
	Headline  bool          `json:"headline"`  // is judged
	Old       dist.Num      `json:"old"`
	New       dist.Num      `json:"new"`
	Delta     dist.Num      `json:"delta"`    // new ÷ old − 1
	CI        dist.Interval `json:"delta_ci"` // 95 %
	P         dist.Num      `json:"p"`        // of so great a difference if there is none: below 0.05 if the interval leaves out zero
	Adjusted  dist.Num      `json:"p_adjusted"`
	Test      string        `json:"test"`    // what P comes from; empty if there is no test
	Shown     bool          `json:"shown"`   // a difference, at 5 % over the headline figures of its load point
	Better    int           `json:"better"`  // of a difference that is shown: 1, −1 worse, 0 neither
	Verdict   string        `json:"verdict"` // of a headline figure, at 5 % over those of all load points; empty for others
	Why       string        `json:"why"`     // it cannot be told
	Need      int64         `json:"need"`    // requests a side that would do, about; 0 if more would not, or it can be told
}

const alpha = 1 - confidence

// Compare sets the same figures of two sides against each other. Each side is one run or several of the same load; they
// should have been collected with Intervals.
//
// Of one run a side the requests are the sample, as far as they are worth independent ones: the interval of the difference
// follows from those of the two sides, and P is the level at which it just reaches zero. Of several runs a side the runs
// are the sample, since requests of one run share its luck: interval and P are Welch's.
func Compare(base, next []*Collector) *Comparison {
	out := &Comparison{Format: ComparisonFormat, Changes: []Change{}, Notes: []string{}}
	old, now := sides(base), sides(next)
	for _, s := range old {
		i := slices.IndexFunc(now, func(o side) bool { return o.name == s.name })
		if i < 0 {
			out.Notes = append(out.Notes, fmt.Sprintf("%s: only the old side has it", s.title()))
			continue
		}
		changes := s.compare(&now[i])
		out.Changes = append(out.Changes, changes...)
		out.Notes = append(out.Notes, s.unlike(&now[i])...)
		out.Notes = append(out.Notes, s.doubtful("old")...)
		out.Notes = append(out.Notes, now[i].doubtful("new")...)
		if n := unlikePrompts(s.title(), changes); n != "" {
			out.Notes = append(out.Notes, n)
		}
		if s.failed() && now[i].failed() {
			out.Notes = append(out.Notes, s.title()+": all requests of both sides failed")
		}
	}
	for _, s := range now {
		if !slices.ContainsFunc(old, func(o side) bool { return o.name == s.name }) {
			out.Notes = append(out.Notes, fmt.Sprintf("%s: only the new side has it", s.title()))
		}
	}
	judge(out.Changes)
	return out
}

// side is the runs of one load point on one side.
type side struct {
	name string
	runs []*group
	opt  *Options
}

// sides returns the load points of a side, the earliest first.
func sides(collectors []*Collector) (out []side) {
	for _, c := range collectors {
		for _, g := range c.sorted() {
			i := slices.IndexFunc(out, func(s side) bool { return s.name == g.name })
			if i < 0 {
				i, out = len(out), append(out, side{name: g.name, opt: &c.opt})
			}
			out[i].runs = append(out[i].runs, g)
		}
	}
	return out
}

// title is the load point's name for people.
func (s *side) title() string {
	if name := strings.ReplaceAll(s.name, "\x00", ", "); name != "" {
		return name
	}
	return "the load point without a name"
}

// unlike tells in what the sides were asked for other things.
func (s *side) unlike(o *side) (notes []string) {
	facts := func(s *side, fact int) string {
		all := set{}
		for _, g := range s.runs {
			for v := range g.facts[fact] {
				all.add(v)
			}
		}
		return strings.Join(all.sorted(), ", ")
	}
	differ := func(what, a, b string) {
		if a != b {
			notes = append(notes, fmt.Sprintf("%s: the sides differ in %s: %s and %s", s.title(), what, orNone(a), orNone(b)))
		}
	}
	differ("mode", facts(s, factMode), facts(o, factMode))
	differ("rate", s.load(func(g *group) float64 { return g.rate }), o.load(func(g *group) float64 { return g.rate }))
	differ("parallel", s.load(func(g *group) float64 { return float64(g.slots) }), o.load(func(g *group) float64 { return float64(g.slots) }))
	differ("model", facts(s, factModel), facts(o, factModel))
	differ("operation", facts(s, factOp), facts(o, factOp))
	if s.simulated() != o.simulated() {
		notes = append(notes, s.title()+": one side is the built-in simulator's")
	}
	return notes
}

// unlikePrompts tells of prompts that are much longer on one side: that is another load.
func unlikePrompts(title string, changes []Change) string {
	const much, hardly = 0.1, 0.001
	for _, c := range changes {
		if c.Figure == "input_tokens:mean" && math.Abs(float64(c.Delta)) > much && c.P < hardly {
			return fmt.Sprintf("%s: the sides differ in the length of prompts: %.4g and %.4g tokens on average", title, c.Old, c.New)
		}
	}
	return ""
}

// doubtful tells of runs whose records cannot be those of one load, each of them twice or some of them missing, and of
// those that measured the load generator.
func (s *side) doubtful(which string) (notes []string) {
	for _, g := range s.runs {
		for _, n := range slices.Concat(missingShards(g.facts[factShard]), g.ids.note(g.requests), g.tooManyNote()) {
			notes = append(notes, fmt.Sprintf("%s, %s side: %s", s.title(), which, n))
		}
		if v := g.client.Verdict(); v.Level == Bottleneck {
			notes = append(notes, fmt.Sprintf("%s, %s side: the load generator was the bottleneck: %s", s.title(), which, v.Reason))
		}
	}
	return notes
}

// failed reports whether no request of the side succeeded.
func (s *side) failed() bool {
	return !slices.ContainsFunc(s.runs, func(g *group) bool { return g.ok > 0 || g.requests == 0 })
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// load is the greatest load that the runs say.
func (s *side) load(of func(*group) float64) string {
	most := 0.0
	for _, g := range s.runs {
		most = max(most, of(g))
	}
	if most == 0 {
		return ""
	}
	return fmt.Sprintf("%g", most)
}

func (s *side) simulated() bool {
	return slices.ContainsFunc(s.runs, func(g *group) bool { return g.facts[factAPI][record.SimAPI] })
}

// figure is one that is compared.
type figure struct {
	key      string
	better   int // 1 if more is better, −1 if less is, 0 if neither
	headline bool
}

// figures are what is compared, in order, at these percentiles.
func figures(percentiles []float64) []figure {
	out := []figure{{"requests_per_s", 1, true}, {"output_tokens_per_s", 1, true}, {"success_rate", 1, true}}
	for _, m := range metric.All() {
		out = append(out, figure{m.Key + ":mean", int(m.Better), m.Headline})
		for _, p := range percentiles {
			headline := m.Headline && (p == 50 || p == 90 || p == 99)
			out = append(out, figure{m.Key + ":" + dist.PercentileName(p), int(m.Better), headline})
		}
	}
	return out
}

// compare returns the figures that either side has.
func (s *side) compare(o *side) (out []Change) {
	steady := s.steady() && o.steady()
	old, now := s.estimates(steady), o.estimates(steady)
	for _, f := range figures(s.opt.Percentiles) {
		a, b := old[f.key], now[f.key]
		if a == nil && b == nil || f.key == "output_tokens_per_s" && none(a) && none(b) {
			continue
		}
		c := difference(a, b)
		c.Block, c.Figure, c.Headline = strings.ReplaceAll(s.name, "\x00", ", "), f.key, f.headline
		c.Simulated = s.simulated() || o.simulated()
		if math.IsInf(float64(c.Old), 1) || math.IsInf(float64(c.New), 1) {
			c.Headline = c.Headline && !strings.HasSuffix(f.key, ":mean") // the success rate judges failures
		}
		c.Better = f.better
		out = append(out, c)
	}
	return out
}

// none reports whether there is nothing but zeros.
func none(list []estimate) bool {
	return !slices.ContainsFunc(list, func(e estimate) bool { return e.value != 0 && !math.IsNaN(e.value) })
}

// steady reports whether all runs have a steady state.
func (s *side) steady() bool {
	return !slices.ContainsFunc(s.runs, func(g *group) bool {
		all := g.flights.time.stretches()
		return !g.flights.time.steady(all, g.flights.pauses(all, g.replayed())).DurationS.Known()
	})
}

// estimates returns the figures of each run, by their keys.
func (s *side) estimates(steady bool) map[string][]estimate {
	out := map[string][]estimate{}
	add := func(key string, e estimate) {
		if !math.IsNaN(e.value) {
			out[key] = append(out[key], e)
		}
	}
	for _, g := range s.runs {
		requests, output := g.rates(steady)
		add("requests_per_s", requests)
		add("output_tokens_per_s", output)
		v := g.view(s.opt)
		if len(g.series.ok) > 0 {
			ok := make([]bool, len(v.order))
			for k, i := range v.order {
				ok[k] = g.series.ok[i]
			}
			add("success_rate", ofShare(ok, float64(ratio(g.ok, g.requests))))
		}
		for i := range metric.All() {
			mean, ps, known := v.estimates(i, s.opt.Percentiles)
			if !known {
				mean, ps, known = g.unknown(i, s.opt)
			}
			if !known {
				continue
			}
			add(metric.All()[i].Key+":mean", mean)
			for k, p := range s.opt.Percentiles {
				add(metric.All()[i].Key+":"+dist.PercentileName(p), ps[k])
			}
		}
	}
	return out
}

// unknown returns the figures of distribution i of whose chance nothing is known.
func (g *group) unknown(i int, opt *Options) (mean estimate, ps []estimate, ok bool) {
	d := g.dist(i)
	if d.N() == 0 {
		return mean, nil, false
	}
	why := "its values were not kept with their time"
	if metric.All()[i].Pooled {
		why = "the gaps of one answer share its luck"
	}
	s := d.Stat(opt.Percentiles, metric.All()[i].Scale)
	for _, p := range s.Percentiles {
		ps = append(ps, estimate{value: float64(p.Value), why: why})
	}
	return estimate{value: float64(s.Mean), why: why}, ps, true
}
