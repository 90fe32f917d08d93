package format

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/stats"
	"perfpipe/internal/visible"
)

// gauge is a figure of a block as a Prometheus gauge.
type gauge struct {
	name, help string
	of         func(*stats.Block) dist.Num
}

// gauges returns the figures of a block that are single numbers. Their names end in their unit, in full, as promtool
// demands.
func gauges() []gauge {
	whole := func(of func(*stats.Block) int64) func(*stats.Block) dist.Num {
		return func(b *stats.Block) dist.Num { return dist.Num(of(b)) }
	}
	return []gauge{
		{"requests", "Requests measured.", whole(func(b *stats.Block) int64 { return b.Requests })},
		{"failed_requests", "Requests that failed.", whole(func(b *stats.Block) int64 { return b.Failed })},
		{"sent_twice_requests", "Requests that were sent again.",
			whole(func(b *stats.Block) int64 { return b.SentTwice })},
		{"success_ratio", "Successful requests ÷ requests.", func(b *stats.Block) dist.Num { return b.SuccessRate }},
		{"goodput_ratio", "Requests that meet every goodput limit ÷ requests.",
			func(b *stats.Block) dist.Num { return goodput(b).Share }},
		{"goodput_requests_per_second", "Requests that meet every goodput limit, per second.",
			func(b *stats.Block) dist.Num { return goodput(b).PerS }},
		{"duration_seconds", "From the first request due to the last end.",
			func(b *stats.Block) dist.Num { return b.DurationS }},
		{"last_end_timestamp_seconds", "When the last request ended, in seconds since the epoch.",
			func(b *stats.Block) dist.Num { return positive(dist.Num(b.LastEndUs) / 1e6) }},
		{"asked_requests_per_second", "Rate at which requests were to start.",
			func(b *stats.Block) dist.Num { return positive(dist.Num(b.Rate)) }},
		{"asked_requests_in_flight", "Concurrency that was asked for.",
			func(b *stats.Block) dist.Num { return positive(dist.Num(b.Parallel)) }},
		{"requests_per_second", "Successes per second.", func(b *stats.Block) dist.Num { return b.RequestsPerS }},
		{"output_tokens_per_second", "Output tokens per second.", func(b *stats.Block) dist.Num { return b.OutputPerS }},
		{"input_tokens_per_second", "Input tokens per second.", func(b *stats.Block) dist.Num { return b.InputPerS }},
		{"total_tokens_per_second", "Input and output tokens per second.",
			func(b *stats.Block) dist.Num { return b.TotalPerS }},
		{"items_per_second", "Embeddings or ranked documents per second.",
			func(b *stats.Block) dist.Num { return b.ItemsPerS }},
		{"steady_requests_per_second", "Successes per second of the steady state.",
			func(b *stats.Block) dist.Num { return b.Steady.RequestsPerS }},
		{"steady_output_tokens_per_second", "Output tokens per second of the steady state.",
			func(b *stats.Block) dist.Num { return b.Steady.OutputPerS }},
		{"peak_output_tokens_per_second", "Maximum of the output tokens that arrived in one second.",
			func(b *stats.Block) dist.Num { return b.PeakOutput }},
		{"output_tokens_per_second_per_gpu", "Output tokens per second and GPU.",
			func(b *stats.Block) dist.Num { return b.OutputPerGPU }},
		{"requests_in_flight", "Mean of requests in flight.", func(b *stats.Block) dist.Num { return b.InFlight }},
		{"peak_requests_in_flight", "Maximum of requests in flight.",
			whole(func(b *stats.Block) int64 { return b.PeakInFlight })},
		{"cache_hit_ratio", "Cached ÷ input tokens, if the server reports them.",
			func(b *stats.Block) dist.Num { return b.CacheHit }},
		{"tokens_per_chunk", "Mean of the tokens of a chunk after the first.",
			func(b *stats.Block) dist.Num { return b.ChunkTokens }},
		{"saturated", "1 if the server did not keep up with the load.",
			func(b *stats.Block) dist.Num { return truth(b.Saturated != "") }},
		{"simulated", "1 if the built-in simulator answered, so that no server was measured.",
			func(b *stats.Block) dist.Num { return truth(b.Simulated) }},
		{"notes", "Caveats on the figures, which tables and JSON have in words.",
			func(b *stats.Block) dist.Num { return dist.Num(len(b.Notes)) }},
	}
}

// positive returns v, or NaN if it is 0 because it is not known.
func positive(v dist.Num) dist.Num {
	if v == 0 {
		return dist.NaN()
	}
	return v
}

func truth(v bool) dist.Num {
	if v {
		return 1
	}
	return 0
}

// prometheus writes the figures in the text format of Prometheus, for a textfile collector or a push gateway. Units are
// seconds and tokens, distributions are summaries, and the keys of the group are labels.
func prometheus(out io.Writer, s *stats.Summary, _ Options) error {
	w := bufio.NewWriter(out)
	labels := make([]string, len(s.Blocks))
	for i := range s.Blocks {
		labels[i] = blockLabels(&s.Blocks[i])
	}
	family := func(name, kind, help string, samples func(w io.Writer, b *stats.Block, labels string)) {
		var text bytes.Buffer
		for i := range s.Blocks {
			samples(&text, &s.Blocks[i], labels[i])
		}
		if text.Len() > 0 {
			fmt.Fprintf(w, "# HELP perfpipe_%s %s\n# TYPE perfpipe_%s %s\n%s", name, help, name, kind, &text)
		}
	}
	for _, g := range append(gauges(), energyGauges()...) {
		family(g.name, "gauge", g.help, func(w io.Writer, b *stats.Block, l string) {
			if v := g.of(b); v.Known() {
				fmt.Fprintf(w, "perfpipe_%s{%s} %s\n", g.name, l, plain(v))
			}
		})
	}
	family("errors", "gauge", "Requests that failed, by the kind of error.",
		func(w io.Writer, b *stats.Block, l string) {
			for _, e := range b.Errors {
				fmt.Fprintf(w, "perfpipe_errors{%s,%s} %d\n", l, label("kind", e.Kind), e.Count)
			}
		})
	for _, g := range costGauges() {
		family(g.name, "gauge", g.help, g.samples)
	}
	family("slo_met", "gauge", "1 if the gate is met, 0 if it is missed.",
		func(w io.Writer, b *stats.Block, l string) {
			for _, g := range b.Gates {
				fmt.Fprintf(w, "perfpipe_slo_met{%s,%s} %s\n", l, label("gate", g.Gate), plain(truth(g.Pass)))
			}
		})
	family("load_generator_info", "gauge", "Verdict of the load generator on itself; the value is always 1.",
		func(w io.Writer, b *stats.Block, l string) {
			fmt.Fprintf(w, "perfpipe_load_generator_info{%s,%s} 1\n", l, label("verdict", b.Client.Level))
		})
	for _, m := range metric.All() {
		name, unit := baseUnit(m.Key)
		family(name, "summary", "Distribution of "+m.Name+", over requests, gaps or conversations.",
			func(w io.Writer, b *stats.Block, l string) {
				if m := b.Metrics.Get(m.Key); m != nil {
					summary(w, "perfpipe_"+name, l, m, unit)
				}
			})
	}
	return w.Flush()
}

// summary writes a distribution, whose values are divided by unit.
func summary(w io.Writer, name, labels string, m *stats.Metric, unit dist.Num) {
	for _, p := range m.Percentiles {
		q := strconv.FormatFloat(p.P/100, 'g', 6, 64)
		fmt.Fprintf(w, "%s{%s,quantile=\"%s\"} %s\n", name, labels, q, sample(p.Value/unit))
	}
	fmt.Fprintf(w, "%s_sum{%s} %s\n", name, labels, sample(m.Mean*dist.Num(m.N)/unit))
	fmt.Fprintf(w, "%s_count{%s} %d\n", name, labels, m.N+m.Failed)
}

// baseUnit returns the name of a metric with its base unit in full, and the base unit in units of the metric.
func baseUnit(key string) (name string, unit dist.Num) {
	if base, ok := strings.CutSuffix(key, "_ms"); ok {
		return base + "_seconds", 1000
	}
	if base, ok := strings.CutSuffix(key, "_per_s"); ok {
		return base + "_per_second", 1
	}
	return key, 1
}

// sample returns a number as Prometheus writes it.
func sample(v dist.Num) string {
	switch {
	case v.Known():
		return strconv.FormatFloat(float64(v), 'g', 9, 64)
	case v > 0:
		return "+Inf"
	}
	return "NaN"
}

// labelName returns a key with only the characters that Prometheus permits in names.
func labelName(key string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}, key)
}

func label(name, value string) string {
	return fmt.Sprintf(`%s="%s"`, name, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(visible.Line(value)))
}

// blockLabels returns the keys of the group, the models and the operations as labels. Keys that Prometheus cannot tell
// apart get numbers.
func blockLabels(b *stats.Block) string {
	names, out := []string{"by", "kind", "gate", "verdict", "quantile"}, []string{}
	add := func(key, value string) {
		name := labelName(key)
		for k := 2; slices.Contains(names, name); k++ {
			name = labelName(key) + "_" + strconv.Itoa(k)
		}
		names, out = append(names, name), append(out, label(name, value))
	}
	for _, v := range b.Group {
		add(v.Key, v.Value)
	}
	add("models", strings.Join(b.Model, ","))
	add("ops", strings.Join(b.Op, ","))
	return strings.Join(out, ",")
}
