package format

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/stats"
	"perfpipe/internal/visible"
)

// prometheus writes the figures in the text format of Prometheus, for a textfile collector or a push gateway. Units are
// seconds and tokens, distributions are summaries, and the keys of the group are labels.
func prometheus(out io.Writer, s *stats.Summary, _ Options) error {
	w := bufio.NewWriter(out)
	family := func(name, kind, help string, sample func(w io.Writer, b *stats.Block, labels string)) {
		var samples bytes.Buffer
		for i := range s.Blocks {
			sample(&samples, &s.Blocks[i], labels(&s.Blocks[i]))
		}
		if samples.Len() > 0 {
			fmt.Fprintf(w, "# HELP perfpipe_%s %s\n# TYPE perfpipe_%s %s\n%s", name, help, name, kind, &samples)
		}
	}
	gauge := func(name, help string, of func(*stats.Block) dist.Num) {
		family(name, "gauge", help, func(w io.Writer, b *stats.Block, l string) {
			if v := of(b); v.Known() {
				fmt.Fprintf(w, "perfpipe_%s{%s} %s\n", name, l, plain(v))
			}
		})
	}
	gauge("requests", "Requests measured.", func(b *stats.Block) dist.Num { return dist.Num(b.Requests) })
	gauge("failed_requests", "Requests that failed.", func(b *stats.Block) dist.Num { return dist.Num(b.Failed) })
	gauge("sent_twice_requests", "Requests that were sent again.",
		func(b *stats.Block) dist.Num { return dist.Num(b.SentTwice) })
	gauge("duration_seconds", "From the first request due to the last end.",
		func(b *stats.Block) dist.Num { return b.DurationS })
	gauge("requests_per_second", "Successes per second.", func(b *stats.Block) dist.Num { return b.RequestsPerS })
	gauge("output_tokens_per_second", "Output tokens per second.", func(b *stats.Block) dist.Num { return b.OutputPerS })
	gauge("input_tokens_per_second", "Input tokens per second.", func(b *stats.Block) dist.Num { return b.InputPerS })
	gauge("requests_in_flight", "Mean of requests in flight.", func(b *stats.Block) dist.Num { return b.InFlight })
	gauge("simulated", "1 where the built-in simulator answered, so that no server was measured.",
		func(b *stats.Block) dist.Num {
			if b.Simulated {
				return 1
			}
			return 0
		})
	for _, key := range metric.Keys() {
		name, unit := key, dist.Num(1)
		if base, ok := strings.CutSuffix(key, "_ms"); ok {
			name, unit = base+"_seconds", 1000
		}
		family(name, "summary", "Distribution over requests; see docs/metrics.md.",
			func(w io.Writer, b *stats.Block, l string) {
				m := b.Metrics.Get(key)
				if m == nil {
					return
				}
				for _, p := range m.Percentiles {
					fmt.Fprintf(w, "perfpipe_%s{%s,quantile=\"%s\"} %s\n", name, l, strconv.FormatFloat(p.P/100, 'g', 6, 64),
						sample(p.Value/unit))
				}
				fmt.Fprintf(w, "perfpipe_%s_sum{%s} %s\n", name, l, sample(m.Mean*dist.Num(m.N)/unit))
				fmt.Fprintf(w, "perfpipe_%s_count{%s} %d\n", name, l, m.N+m.Failed)
			})
	}
	return w.Flush()
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

// labels returns the keys of the group, the models and the operations as labels.
func labels(b *stats.Block) string {
	var out []string
	add := func(name, value string) {
		value = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(visible.Line(value))
		out = append(out, fmt.Sprintf(`%s="%s"`, labelName(name), value))
	}
	for _, v := range b.Group {
		add(v.Key, v.Value)
	}
	add("models", strings.Join(b.Model, ","))
	add("ops", strings.Join(b.Op, ","))
	return strings.Join(out, ",")
}
