package stats

import (
	"fmt"
	"math"
	"slices"

	"perfpipe/internal/confidence"
	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// LoadPoint is a load point of a Collector, for comparisons with other load points.
type LoadPoint struct {
	g   *accumulator
	opt *Options
}

// Asked describes the requested load of a load point.
type Asked struct {
	Mode, Model, Op []string
	Rate            float64 // requests/s, the greatest; 0 if not set
	Parallel        int     // concurrent requests, the greatest; 0 if not set
	Simulated       bool    // the built-in simulator answered
}

// LoadPoints returns the load points, earliest first.
func (c *Collector) LoadPoints() (out []LoadPoint) {
	for _, g := range c.sorted() {
		out = append(out, LoadPoint{g, &c.opt})
	}
	return out
}

// Name returns the values of the keys that the load point is grouped by. Load points of equal names are compared.
func (p LoadPoint) Name() string { return p.g.Name.String() }

// Percentiles returns the percentiles that the Collector reports.
func (p LoadPoint) Percentiles() []float64 { return p.opt.Percentiles }

// Asked returns the requested load.
func (p LoadPoint) Asked() Asked {
	f := &p.g.facts
	return Asked{
		Mode: f[factMode].sorted(), Model: f[factModel].sorted(), Op: f[factOp].sorted(), Rate: p.g.rate,
		Parallel: p.g.slots, Simulated: f[factAPI][record.SimAPI],
	}
}

// Doubts returns the reasons, if any, why the records are not a valid measurement of one load: duplicate or missing
// records, times that cannot be true, or a load generator that was the bottleneck.
func (p LoadPoint) Doubts() []string {
	g := p.g
	notes := slices.Concat(missingShards(g.facts[factShard]), g.ids.note(g.requests), g.tooManyNote(), g.cutShort(),
		g.missing.notes(g.requests, "order", "last_output", "unit", "sent_early", "due", "contradiction"))
	if v := g.client.Verdict(); v.Level == Bottleneck {
		notes = append(notes, "the load generator was the bottleneck: "+v.Reason)
	}
	return notes
}

// AllFailed reports whether there are requests and none succeeded.
func (p LoadPoint) AllFailed() bool { return p.g.done.OK == 0 && p.g.requests > 0 }

// Steady reports whether the load point has a steady state.
func (p LoadPoint) Steady() bool {
	f := &p.g.flights
	all := f.time.stretches()
	return f.time.steady(all, p.g.idle(all), interval{f.firstUs, f.lastUs}).DurationS.Known()
}

// Estimates returns the figures by name: throughput, success rate, and the mean and percentiles of each metric, such as
// ttft_ms:p99. If steady is set, throughput is that of the steady state, otherwise that of the whole run. Without
// Options.Intervals, the estimates have no intervals.
func (p LoadPoint) Estimates(steady bool) map[string]confidence.Estimate {
	out := map[string]confidence.Estimate{}
	add := func(name string, e confidence.Estimate) {
		if !math.IsNaN(e.Value) {
			out[name] = e
		}
	}
	g := p.g
	requests, output := g.rates(steady)
	add("requests_per_s", requests)
	add("output_tokens_per_s", output)
	v := g.view(p.opt)
	if len(g.series.ok) > 0 {
		ok := make([]bool, len(v.order))
		for k, i := range v.order {
			ok[k] = g.series.ok[i]
		}
		add("success_rate", confidence.OfShare(ok, float64(ratio(g.done.OK, g.requests))))
	}
	for i, m := range metric.All() {
		mean, ps, known := v.estimates(i, p.opt.Percentiles)
		if !known {
			mean, ps, known = g.unknown(i, p.opt)
		}
		if !known {
			continue
		}
		add(m.Key+":mean", mean)
		for k, percentile := range p.opt.Percentiles {
			add(fmt.Sprintf("%s:%s", m.Key, dist.PercentileName(percentile)), ps[k])
		}
	}
	return out
}

// unknown returns estimates without intervals for distribution i.
func (g *accumulator) unknown(i int, opt *Options) (mean confidence.Estimate, ps []confidence.Estimate, ok bool) {
	d, m := g.dist(i), &metric.All()[i]
	if d.N() == 0 {
		return mean, nil, false
	}
	why := "its values were not kept with their time"
	if m.Pooled {
		why = "the gaps of one answer are not independent"
	}
	s := d.Stat(opt.Percentiles, m.Scale)
	for _, p := range s.Percentiles {
		ps = append(ps, confidence.Estimate{Value: float64(p.Value), Why: why})
	}
	return confidence.Estimate{Value: float64(s.Mean), Why: why}, ps, true
}
