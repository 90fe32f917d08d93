package gate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// Limit is one condition of goodput, which each request meets or misses.
type Limit struct {
	Text string // as it was given
	of   figure
	Condition
}

// figure returns a figure of an answer, and false if the answer has none.
type figure func(*record.Record) (v float64, ok bool)

// figures are what a Limit may judge.
func figures() map[string]figure {
	always := func(of func(*record.Record) float64) figure {
		return func(r *record.Record) (float64, bool) { return of(r), true }
	}
	return map[string]figure{
		// An answer that is not streamed shows its first output at its end.
		"ttft_ms": always(func(r *record.Record) float64 {
			if r.Streamed() {
				return r.TTFTMs
			}
			return r.LatencyMs
		}),
		"tpot_ms":       (*record.Record).TPOT,
		"itl_ms":        longestGap,
		"latency_ms":    always(func(r *record.Record) float64 { return r.LatencyMs }),
		"response_ms":   always((*record.Record).ResponseMs),
		"output_tokens": always(func(r *record.Record) float64 { return float64(r.CompletionTokens) }),
		"user_tokens_per_s": func(r *record.Record) (float64, bool) {
			ms, ok := r.TPOT()
			return 1000 / ms, ok
		},
	}
}

// longestGap is the longest pause within an answer, in ms.
func longestGap(r *record.Record) (float64, bool) {
	if len(r.GapUs) == 0 {
		return 0, false
	}
	return float64(slices.Max(r.GapUs)) / metric.Microseconds, true
}

// ParseLimit reads a condition of goodput such as ttft_ms<500.
func ParseLimit(text string) (Limit, error) {
	name, c, err := parse(text)
	if err != nil {
		return Limit{}, err
	}
	all := figures()
	of, ok := all[name]
	if !ok {
		return Limit{}, fmt.Errorf("%q: a request has no %q: there are %s", text, name,
			strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	return Limit{text, of, c}, nil
}

// Limit returns the condition on each request that the gate's metric and bound make. It reports false if a request has
// no such figure.
func (g *Gate) Limit() (Limit, bool) {
	of, ok := figures()[g.Metric]
	return Limit{strings.Replace(g.Text, ":"+g.Stat, "", 1), of, g.Condition}, ok
}

// Good reports whether a request meets all limits. A failure meets none; a figure that an answer does not have, such as
// the TPOT of one token, is met.
func Good(r *record.Record, limits []Limit) bool {
	if !r.OK {
		return false
	}
	for _, l := range limits {
		if v, ok := l.of(r); ok && !l.Holds(v) {
			return false
		}
	}
	return true
}
