package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"perfpipe/internal/confidence"
	"perfpipe/internal/stats"
)

// side holds the runs of one load point on one side.
type side struct {
	name string
	runs []stats.LoadPoint
}

// sides groups the load points of one side by name, in order of their first appearance.
func sides(collectors []*stats.Collector) (out []side) {
	for _, c := range collectors {
		for _, p := range c.LoadPoints() {
			i := slices.IndexFunc(out, func(s side) bool { return s.name == p.Name() })
			if i < 0 {
				i, out = len(out), append(out, side{name: p.Name()})
			}
			out[i].runs = append(out[i].runs, p)
		}
	}
	return out
}

// title returns the name of the load point for messages.
func (s *side) title() string {
	if s.name != "" {
		return s.name
	}
	return "the load point without a name"
}

// unlike returns notes on the differences between the loads that the two sides were sent.
func (s *side) unlike(o *side) (notes []string) {
	differ := func(what string, of func(*side) string) {
		a, b := of(s), of(o)
		if a != b {
			notes = append(notes,
				fmt.Sprintf("%s: the sides differ in %s: %s and %s", s.title(), what, orNone(a), orNone(b)))
		}
	}
	differ("mode", all(func(a stats.Asked) []string { return a.Mode }))
	differ("rate", greatest(func(a stats.Asked) float64 { return a.Rate }))
	differ("parallel", greatest(func(a stats.Asked) float64 { return float64(a.Parallel) }))
	differ("model", all(func(a stats.Asked) []string { return a.Model }))
	differ("operation", all(func(a stats.Asked) []string { return a.Op }))
	if s.simulated() != o.simulated() {
		notes = append(notes, s.title()+": one side is the built-in simulator's")
	}
	return notes
}

// all returns a function that lists the distinct values of all runs.
func all(of func(stats.Asked) []string) func(*side) string {
	return func(s *side) string {
		var values []string
		for _, p := range s.runs {
			values = append(values, of(p.Asked())...)
		}
		slices.Sort(values)
		return strings.Join(slices.Compact(values), ", ")
	}
}

// greatest returns a function that returns the greatest value of all runs, or "" if that is zero.
func greatest(of func(stats.Asked) float64) func(*side) string {
	return func(s *side) string {
		most := 0.0
		for _, p := range s.runs {
			most = max(most, of(p.Asked()))
		}
		if most == 0 {
			return ""
		}
		return fmt.Sprintf("%g", most)
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// unlikeLengths returns notes if the prompts or the answers of one side are much longer: then the loads are different
// ones, or the servers did different work.
func unlikeLengths(title string, changes []Change) (notes []string) {
	const least, maxP = 0.1, 0.001
	what := map[string]string{"input_tokens:mean": "prompts", "output_tokens:mean": "answers"}
	for _, c := range changes {
		differs := c.P < maxP || c.Test == permutation
		if what := what[c.Figure]; what != "" && math.Abs(float64(c.Delta)) > least && differs {
			notes = append(notes, fmt.Sprintf("%s: the sides differ in the length of %s: %.4g and %.4g tokens on average",
				title, what, c.Old, c.New))
		}
	}
	return notes
}

// doubts returns the reasons to doubt that the records of a side are those of one load. which is old or new.
func (s *side) doubts(which string) (notes []string) {
	for _, p := range s.runs {
		for _, n := range p.Doubts() {
			notes = append(notes, fmt.Sprintf("%s, %s side: %s", s.title(), which, n))
		}
	}
	return notes
}

// failed reports whether no request of the side succeeded.
func (s *side) failed() bool {
	return !slices.ContainsFunc(s.runs, func(p stats.LoadPoint) bool { return !p.AllFailed() })
}

func (s *side) simulated() bool {
	return slices.ContainsFunc(s.runs, func(p stats.LoadPoint) bool { return p.Asked().Simulated })
}

// steady reports whether all runs have a steady state.
func (s *side) steady() bool {
	return !slices.ContainsFunc(s.runs, func(p stats.LoadPoint) bool { return !p.Steady() })
}

// estimates returns the estimates of each figure, one per run, by the name of the figure. With steady, they are those
// of the steady state.
func (s *side) estimates(steady bool) map[string][]confidence.Estimate {
	out := map[string][]confidence.Estimate{}
	for _, p := range s.runs {
		for name, e := range p.Estimates(steady) {
			out[name] = append(out[name], e)
		}
	}
	return out
}
