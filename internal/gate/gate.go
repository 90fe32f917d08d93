// Package gate parses and evaluates the conditions of service-level objectives. A Gate is a condition on a figure of a
// load point, such as ttft_ms:p99<500. A Limit is a condition on each request, such as ttft_ms<500; goodput counts the
// requests that meet all limits. Package stats computes the figures.
package gate

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
)

// Condition compares a figure with a bound.
type Condition struct {
	Op    string // <, <=, > or >=
	Bound float64
}

// holds reports whether v meets the condition. NaN meets none.
func (c Condition) holds(v float64) bool {
	switch c.Op {
	case "<":
		return v < c.Bound
	case "<=":
		return v <= c.Bound
	case ">":
		return v > c.Bound
	}
	return v >= c.Bound
}

// Upper reports whether Bound is an upper bound.
func (c Condition) Upper() bool { return strings.HasPrefix(c.Op, "<") }

// parse splits "ttft_ms:p99<500" into the name of the figure and the condition.
func parse(text string) (name string, c Condition, err error) {
	i := strings.IndexAny(text, "<>")
	if i < 0 {
		return "", c, fmt.Errorf("%q has no <, <=, > or >=", text)
	}
	name, c.Op = strings.TrimSpace(text[:i]), text[i:i+1]
	number := text[i+1:]
	if rest, ok := strings.CutPrefix(number, "="); ok {
		c.Op, number = c.Op+"=", rest
	}
	if c.Bound, err = strconv.ParseFloat(strings.TrimSpace(number), 64); err != nil || math.IsNaN(c.Bound) {
		return "", c, fmt.Errorf("%q: %q is not a number, in the unit of the figure", text, strings.TrimSpace(number))
	}
	return name, c, nil
}

// Gate is a condition on a figure of a load point. The figure is either one of Figures, such as ok, or a statistic of a
// metric, such as ttft_ms:p99.
type Gate struct {
	Text      string  // as passed to Parse
	Figure    string  // one of Figures; empty if the gate is on a metric
	Metric    string  // the key of the metric; empty if the gate is on a figure
	Stat      string  // the statistic of the metric: mean, sd, min, max or pNN
	P         float64 // NN of pNN; 0 for another statistic
	Condition         // in the unit of the figure
}

// Result is the outcome of a gate. A figure that does not exist fails.
type Result struct {
	Gate  string   `json:"gate"`  // its text
	Value dist.Num `json:"value"` // of the figure
	Pass  bool     `json:"pass"`
}

// Judge returns the result of a gate whose figure is v.
func (g *Gate) Judge(v dist.Num) Result { return Result{g.Text, v, g.holds(float64(v))} }

// OnGoodput reports whether the gate needs the limits of goodput.
func (g *Gate) OnGoodput() bool { return g.Figure == "goodput" || g.Figure == "goodput_per_s" }

// Figures returns the names of the figures of a load point that are not statistics of a metric.
func Figures() []string {
	return []string{
		"cache_hit", "failed", "goodput", "goodput_per_s", "input_tokens_per_s", "items_per_s", "ok",
		"output_tokens_per_s", "requests", "requests_per_s", "total_tokens_per_s",
	}
}

// Parse parses a gate: one of Figures, or the key of a metric with :mean, :sd, :min, :max or :pNN, then an operator and
// a number.
func Parse(text string) (Gate, error) {
	name, c, err := parse(text)
	if err != nil {
		return Gate{}, err
	}
	g := Gate{Text: text, Condition: c}
	key, stat, found := strings.Cut(name, ":")
	if !found {
		if metric.Index(name) >= 0 {
			return Gate{}, fmt.Errorf("%q: %s has many values: choose one, as in %s:p99%s%s", text, name, name, c.Op,
				strconv.FormatFloat(c.Bound, 'f', -1, 64))
		}
		if !slices.Contains(Figures(), name) {
			return Gate{}, fmt.Errorf(
				"%q: no figure %q: there are %s, and distributions with :mean or :p99, such as ttft_ms:p99",
				text, name, strings.Join(Figures(), ", "))
		}
		g.Figure = name
		return g, nil
	}
	if metric.Index(key) < 0 {
		return Gate{}, fmt.Errorf("%q: no distribution %q: there are %s", text, key, strings.Join(metric.Keys(), ", "))
	}
	g.Metric, g.Stat = key, stat
	if !slices.Contains([]string{"mean", "sd", "min", "max"}, stat) {
		digits, isP := strings.CutPrefix(stat, "p")
		if g.P, err = strconv.ParseFloat(digits, 64); !isP || err != nil || !(g.P > 0 && g.P <= 100) {
			return Gate{}, fmt.Errorf("%q: %q is none of mean, sd, min, max and pNN", text, stat)
		}
	}
	return g, nil
}

// Of returns the gate's statistic of d, the distribution of its metric. scale is the Scale of the metric.
func (g *Gate) Of(d *dist.Dist, scale float64) dist.Num {
	if g.P > 0 {
		return d.Stat([]float64{g.P}, scale).Percentiles[0].Value
	}
	s := d.Stat(nil, scale)
	switch g.Stat {
	case "sd":
		return s.SD
	case "min":
		return s.Min
	case "max":
		return s.Max
	}
	return s.Mean
}
