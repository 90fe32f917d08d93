package stats

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/goccy/go-json"

	"llmperf/internal/record"
)

// Format marks a summary document and its version.
const Format = "llmperf-summary/1"

// Summary is the figures of all records, one block for each load point. docs/summary.schema.json describes its JSON.
type Summary struct {
	Format      string    `json:"format"`
	Percentiles []float64 `json:"percentiles"`
	Blocks      []Block   `json:"blocks"`
}

// Block is the figures of one load point. Units stand at the end of the names; instants are µs since the epoch.
type Block struct {
	Run       string   `json:"run"`
	Simulated bool     `json:"simulated"` // of the built-in simulator, so no server was measured
	Mode      string   `json:"mode,omitempty"`
	Rate      float64  `json:"rate,omitempty"`
	Parallel  int      `json:"parallel,omitempty"`
	API       []string `json:"api"`
	Op        []string `json:"op"`
	Model     []string `json:"model"`
	URL       []string `json:"url"`

	Requests      int64            `json:"requests"`
	OK            int64            `json:"ok"`
	Failed        int64            `json:"failed"`
	SuccessRate   Num              `json:"success_rate"` // ok ÷ requests
	Warmup        int64            `json:"warmup"`       // left out
	Errors        []ErrorCount     `json:"errors"`       // the most frequent first
	FinishReasons map[string]int64 `json:"finish_reasons"`

	FirstScheduledUs int64 `json:"first_scheduled_us,omitempty"`
	LastEndUs        int64 `json:"last_end_us,omitempty"`
	DurationS        Num   `json:"duration_s"` // from the first request due to the last end
	RequestsPerS     Num   `json:"requests_per_s"`
	OutputPerS       Num   `json:"output_tokens_per_s"`
	InputPerS        Num   `json:"input_tokens_per_s"`
	TotalPerS        Num   `json:"total_tokens_per_s"`
	InputTokens      int64 `json:"input_tokens"`
	OutputTokens     int64 `json:"output_tokens"`

	Metrics Metrics  `json:"metrics"`
	Client  Verdict  `json:"client"`
	Notes   []string `json:"notes"` // what a reader of the figures should know
}

// ErrorCount is how often one kind of error came, with one message of it.
type ErrorCount struct {
	Kind    string `json:"kind"`
	Count   int64  `json:"count"`
	Example string `json:"example"`
}

// Metric is the statistics of one distribution.
type Metric struct {
	Key  string // ttft_ms and so on; ends in the unit
	Name string // for people
	Stat
}

// Metrics is an object in JSON, keyed by Key.
type Metrics []Metric

// Get gives the metric of that key, or nil where no record had it.
func (m Metrics) Get(key string) *Metric {
	for i := range m {
		if m[i].Key == key {
			return &m[i]
		}
	}
	return nil
}

// MarshalJSON implements json.Marshaler: {"ttft_ms": {"n": …, "p50": …}, …}.
func (m Metrics) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, metric := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		stat, err := json.Marshal(metric.Stat)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q:%s", metric.Key, stat)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// MarshalJSON implements json.Marshaler: the percentiles are keys, p50 and so on.
func (s Stat) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"n":%d,"failed":%d`, s.N, s.Failed)
	field := func(key string, v Num) {
		num, _ := v.MarshalJSON() // never fails
		fmt.Fprintf(&b, ",%q:%s", key, num)
	}
	field("mean", s.Mean)
	field("sd", s.SD)
	field("min", s.Min)
	for _, p := range s.Percentiles {
		field(PercentileName(p.P), p.Value)
	}
	field("max", s.Max)
	if s.Approx {
		b.WriteString(`,"approx":true`)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// PercentileName is p99.9 for 99.9.
func PercentileName(p float64) string { return "p" + strconv.FormatFloat(p, 'f', -1, 64) }

// block computes the figures.
func (g *group) block(opt *Options) Block {
	b := Block{
		Run: g.run, Simulated: g.facts[factAPI][record.SimAPI], Rate: g.rate, Parallel: g.slots,
		API: g.facts[factAPI].sorted(), Op: g.facts[factOp].sorted(), Model: g.facts[factModel].sorted(), URL: g.facts[factURL].sorted(),
		Requests: g.requests, OK: g.ok, Failed: g.requests - g.ok, SuccessRate: ratio(g.ok, g.requests), Warmup: g.warmup,
		Errors: g.sortedErrors(), FinishReasons: maps.Clone(g.finish),
		DurationS: nan(), InputTokens: g.input, OutputTokens: g.output,
		Client: g.client.Verdict(), Notes: g.notes(),
	}
	if mode := g.facts[factMode].sorted(); len(mode) == 1 {
		b.Mode = mode[0]
	}
	if g.lastUs > 0 {
		b.FirstScheduledUs, b.LastEndUs = g.firstUs, g.lastUs
		b.DurationS = Num(float64(g.lastUs-g.firstUs) / 1e6)
	}
	b.RequestsPerS, b.OutputPerS = per(g.ok, b.DurationS), per(g.output, b.DurationS)
	b.InputPerS, b.TotalPerS = per(g.input, b.DurationS), per(g.input+g.output, b.DurationS)
	for i, m := range metrics {
		d := g.dists[i] // shares the values, and sorts them
		if opt.DropFailures {
			d.inf = 0
		}
		if d.N()+d.Failed() > 0 {
			b.Metrics = append(b.Metrics, Metric{m.key, m.name, d.Stat(opt.Percentiles, m.unit)})
		}
	}
	return b
}

// per is n a second; no time is no rate.
func per(n int64, seconds Num) Num {
	if !(seconds > 0) {
		return nan()
	}
	return Num(n) / seconds
}

func ratio(n, of int64) Num {
	if of == 0 {
		return nan()
	}
	return Num(n) / Num(of)
}

func (g *group) sortedErrors() []ErrorCount {
	out := make([]ErrorCount, 0, len(g.errors))
	for _, e := range g.errors {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b ErrorCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

func (g *group) notes() []string {
	notes := []string{}
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if g.requests > 0 && g.lastUs == 0 {
		note("no record says when it was sent, so there is no duration and no throughput")
	}
	if g.invalid > 0 {
		note("%d records have a negative or absurd time, which is left out", g.invalid)
	}
	var approx []string
	for i := range g.dists {
		if !g.dists[i].Exact() {
			approx = append(approx, metrics[i].name)
		}
	}
	if approx != nil {
		note("percentiles of %s come from a sketch: values of 262 ms or more are within %.2g %%; --exact keeps every value",
			joinAnd(approx), SketchError*100)
	}
	return notes
}

func joinAnd(words []string) string {
	s := ""
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			s += " and "
		default:
			s += ", "
		}
		s += w
	}
	return s
}
