package stats

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// limit compares a figure with a number.
type limit struct {
	op    string
	value float64
}

func (l limit) holds(v float64) bool {
	switch l.op {
	case "<":
		return v < l.value
	case "<=":
		return v <= l.value
	case ">":
		return v > l.value
	}
	return v >= l.value
}

// cutLimit splits "ttft_ms:p99<500" into its name and its limit.
func cutLimit(text string) (name string, l limit, err error) {
	i := strings.IndexAny(text, "<>")
	if i < 0 {
		return "", l, fmt.Errorf("%q has no <, <=, > or >=", text)
	}
	name, l.op = strings.TrimSpace(text[:i]), text[i:i+1]
	number := text[i+1:]
	if rest, ok := strings.CutPrefix(number, "="); ok {
		l.op, number = l.op+"=", rest
	}
	if l.value, err = strconv.ParseFloat(strings.TrimSpace(number), 64); err != nil {
		return "", l, fmt.Errorf("%q: %q is not a number", text, strings.TrimSpace(number))
	}
	return name, l, nil
}

// Limit is one condition of goodput, which each request meets or misses.
type Limit struct {
	Text string
	of   func(*record.Record) (float64, bool)
	limit
}

// requestFigures are what a Limit may judge.
func requestFigures() map[string]func(*record.Record) (float64, bool) {
	always := func(of func(*record.Record) float64) func(*record.Record) (float64, bool) {
		return func(r *record.Record) (float64, bool) { return of(r), true }
	}
	return map[string]func(*record.Record) (float64, bool){
		// An answer that is not streamed shows its first output at its end.
		"ttft_ms": always(func(r *record.Record) float64 {
			if r.Streamed() {
				return r.TTFTMs
			}
			return r.LatencyMs
		}),
		"tpot_ms":       (*record.Record).TPOT,
		"itl_ms":        worstGap,
		"latency_ms":    always(func(r *record.Record) float64 { return r.LatencyMs }),
		"response_ms":   always((*record.Record).ResponseMs),
		"output_tokens": always(func(r *record.Record) float64 { return float64(r.CompletionTokens) }),
		"user_tokens_per_s": func(r *record.Record) (float64, bool) {
			ms, ok := r.TPOT()
			return 1000 / ms, ok
		},
	}
}

// worstGap is the longest pause within an answer, in ms.
func worstGap(r *record.Record) (float64, bool) {
	if len(r.GapUs) == 0 {
		return 0, false
	}
	return float64(slices.Max(r.GapUs)) / metric.Microseconds, true
}

// ParseLimit reads a condition of goodput such as ttft_ms<500.
func ParseLimit(text string) (Limit, error) {
	name, l, err := cutLimit(text)
	if err != nil {
		return Limit{}, err
	}
	figures := requestFigures()
	of, ok := figures[name]
	if !ok {
		return Limit{}, fmt.Errorf("%q: a request has no %q: there are %s", text, name, names(figures))
	}
	return Limit{text, of, l}, nil
}

func names[V any](m map[string]V) string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// good says whether a request meets all limits. A failure meets none; a figure that an answer does not have, such as
// the TPOT of one token, is met.
func good(r *record.Record, limits []Limit) bool {
	if !r.OK {
		return false
	}
	for _, l := range limits {
		if v, ok := l.of(r); ok && !l.holds(v) {
			return false
		}
	}
	return true
}

// Gate is a condition on a block's figures, such as ttft_ms:p99<500.
type Gate struct {
	Text string
	of   func(*group, *Block, *Options) dist.Num
	limit
}

// Threshold returns the distribution and the statistic that an upper limit is about, such as ttft_ms and p99, and its
// value. The metric is "" if the gate is a lower limit or about a figure of the whole block.
func (g *Gate) Threshold() (metric, stat string, value float64) {
	name, l, err := cutLimit(g.Text)
	metric, stat, found := strings.Cut(name, ":")
	if err != nil || !found || !strings.HasPrefix(l.op, "<") {
		return "", "", 0
	}
	return metric, stat, l.value
}

// GateResult says whether a block meets a Gate. A figure that does not exist fails.
type GateResult struct {
	Gate  string   `json:"gate"`
	Value dist.Num `json:"value"`
	Pass  bool     `json:"pass"`
}

func blockFigures() map[string]func(*Block) dist.Num {
	return map[string]func(*Block) dist.Num{
		"ok":                  func(b *Block) dist.Num { return b.SuccessRate },
		"requests":            func(b *Block) dist.Num { return dist.Num(b.Requests) },
		"failed":              func(b *Block) dist.Num { return dist.Num(b.Failed) },
		"goodput":             func(b *Block) dist.Num { return b.Goodput.share() },
		"goodput_per_s":       func(b *Block) dist.Num { return b.Goodput.perS() },
		"requests_per_s":      func(b *Block) dist.Num { return b.RequestsPerS },
		"output_tokens_per_s": func(b *Block) dist.Num { return b.OutputPerS },
		"input_tokens_per_s":  func(b *Block) dist.Num { return b.InputPerS },
		"total_tokens_per_s":  func(b *Block) dist.Num { return b.TotalPerS },
		"items_per_s":         func(b *Block) dist.Num { return b.ItemsPerS },
		"cache_hit":           func(b *Block) dist.Num { return b.CacheHit },
	}
}

// ParseGate reads a gate: a figure of the block, or a distribution's key with :mean, :sd, :min, :max or :pNN.
func ParseGate(text string) (Gate, error) {
	name, l, err := cutLimit(text)
	if err != nil {
		return Gate{}, err
	}
	key, stat, found := strings.Cut(name, ":")
	if !found {
		figures := blockFigures()
		of, ok := figures[name]
		if !ok {
			return Gate{}, fmt.Errorf("%q: no figure %q: there are %s, and distributions with :mean or :p99, such as ttft_ms:p99", text, name, names(figures))
		}
		return Gate{text, func(_ *group, b *Block, _ *Options) dist.Num { return of(b) }, l}, nil
	}
	i := metric.Index(key)
	if i < 0 {
		return Gate{}, fmt.Errorf("%q: no distribution %q: there are %s", text, key, strings.Join(metric.Keys(), ", "))
	}
	p, of := 50.0, map[string]func(*dist.Stat) dist.Num{
		"mean": func(s *dist.Stat) dist.Num { return s.Mean }, "sd": func(s *dist.Stat) dist.Num { return s.SD },
		"min": func(s *dist.Stat) dist.Num { return s.Min }, "max": func(s *dist.Stat) dist.Num { return s.Max },
	}[stat]
	if of == nil {
		digits, isP := strings.CutPrefix(stat, "p")
		if p, err = strconv.ParseFloat(digits, 64); !isP || err != nil || !(p > 0 && p <= 100) {
			return Gate{}, fmt.Errorf("%q: %q is none of mean, sd, min, max and pNN", text, stat)
		}
		of = func(s *dist.Stat) dist.Num { return s.Percentiles[0].Value }
	}
	return Gate{text, func(g *group, _ *Block, opt *Options) dist.Num {
		s := g.judged(i, opt).Stat([]float64{p}, metric.All()[i].Scale)
		return of(&s)
	}, l}, nil
}

// judged is a distribution as a gate sees it: a failure is +∞ in every time that a successful request would have had,
// not only in response time.
func (g *group) judged(i int, opt *Options) *dist.Dist {
	d := g.dist(i)
	switch {
	case !metric.All()[i].Failing:
	case opt.DropFailures:
		d.SetFailed(0)
	default:
		d.SetFailed(g.requests - g.ok)
	}
	return d
}

// gates judges the block by all gates.
func (g *group) gates(b *Block, opt *Options) []GateResult {
	var out []GateResult
	for _, gate := range opt.Gates {
		v := gate.of(g, b, opt)
		out = append(out, GateResult{gate.Text, v, gate.holds(float64(v))})
	}
	return out
}
