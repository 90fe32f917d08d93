package report

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"perfpipe/internal/chart"
	"perfpipe/internal/servermetrics"
	"perfpipe/internal/table"
)

// mostSamples limits the points of a line of samples.
const mostSamples = 600

// server draws the metrics of the server and its GPUs on the time axis of the run.
func server(r *report) []chart.Figure {
	if len(r.metrics) == 0 || len(r.sources) > 1 {
		return nil
	}
	percent := func(v float64) float64 { return v * 100 }
	same := func(v float64) float64 { return v }
	return []chart.Figure{
		r.gauges("server-requests", "Requests on the server", "What the server reports about itself.",
			chart.Axis{Label: r.tr("requests"), Zero: true}, same, "running", "waiting"),
		r.gauges("server-cache", "Cache of the server",
			"Share of the KV cache in use, and of prompt tokens found in the prefix cache.",
			chart.Axis{Label: r.tr("share"), Unit: "%", Zero: true}, percent, "kv_cache", "prefix_hit_rate"),
		r.totals(),
		r.gpus("gpu-utilization", "GPU utilization", chart.Axis{Label: r.tr("share of time"), Unit: "%", Zero: true},
			func(g servermetrics.GPU) *float64 { return g.Utilization }, 100),
		r.gpus("gpu-memory", "GPU memory", chart.Axis{Label: r.tr("in use"), Unit: "GiB", Zero: true},
			func(g servermetrics.GPU) *float64 { return g.MemoryUsedMiB }, 1.0/1024),
		r.gpus("gpu-power", "GPU power", chart.Axis{Label: r.tr("power"), Unit: "W", Zero: true},
			func(g servermetrics.GPU) *float64 { return g.PowerW }, 1),
	}
}

// serverTimes compares each time that the server measured with that of the records.
func (r *report) serverTimes() table.Table {
	const note = "The server's clock runs from receipt to its own output, without the network and most of HTTP."
	t := table.Table{Title: r.tr("Times by the server"), Notes: []string{r.tr(note)}, Header: []string{
		r.tr("load point"), r.tr("mean (ms)"), r.tr("by the server"), "n", r.tr("by the records"), "n", r.tr("difference"),
		"",
	}}
	for i := range r.points {
		p := &r.points[i]
		if p.Server == nil {
			continue
		}
		for _, v := range p.Server.Times {
			m := p.Metrics.Get(v.Key)
			if v.OursMs == nil || m == nil {
				continue
			}
			share := ""
			if v.Difference != nil {
				share = fmt.Sprintf("%+.2f %%", 100**v.Difference)
			}
			t.Rows = append(t.Rows, []string{
				p.label, r.tr(m.Name), chart.Number(v.MeanMs), chart.Number(v.N), chart.Number(*v.OursMs),
				chart.Number(*v.OursN), chart.Number(*v.DifferenceMs), share,
			})
		}
	}
	return t
}

func (r *report) serverFigure(name, title, note string, y chart.Axis) chart.Figure {
	f := r.timeFigure(name, title, note, y)
	f.Section = r.tr("Server")
	return f
}

// at returns the time of a sample on the axis of the run, in seconds.
func (r *report) at(s servermetrics.Sample) float64 {
	return float64(s.AtUs-r.sources[0].start()) / 1e6
}

// gauges draws gauges, a line for each metric of each source.
func (r *report) gauges(name, title, note string, y chart.Axis, scale func(float64) float64,
	keys ...string) chart.Figure {
	f := r.serverFigure(name, title, note, y)
	lines := map[[2]string]*chart.Series{}
	for _, s := range r.metrics {
		for _, key := range keys {
			if v, ok := s.Metrics[key]; ok {
				push(lines, [2]string{key, s.Source}, r.at(s), scale(v))
			}
		}
	}
	r.finish(&f, lines)
	return f
}

// totals draws the growth rate of the server's token counters.
func (r *report) totals() chart.Figure {
	f := r.serverFigure("server-tokens", "Tokens of the server",
		"How fast its own counters grew; prompts count when they are processed.", chart.Axis{Label: r.tr("tokens"),
			Unit: "1/s", Zero: true})
	lines, before := map[[2]string]*chart.Series{}, map[[2]string]servermetrics.Sample{}
	for _, s := range r.metrics {
		for _, key := range []string{"prompt_tokens", "completion_tokens"} {
			v, ok := s.Metrics[key]
			if !ok {
				continue
			}
			id := [2]string{key, s.Source}
			if b, ok := before[id]; ok && s.AtUs > b.AtUs {
				rate := (v - b.Metrics[key]) / (float64(s.AtUs-b.AtUs) / 1e6)
				if rate < 0 {
					rate = math.NaN() // the server restarted
				}
				push(lines, id, r.at(b), rate)
			}
			before[id] = s
		}
	}
	r.finish(&f, lines)
	return f
}

// gpus draws one metric of every GPU.
func (r *report) gpus(name, title string, y chart.Axis, of func(servermetrics.GPU) *float64,
	scale float64) chart.Figure {
	f := r.serverFigure(name, title, "", y)
	lines := map[[2]string]*chart.Series{}
	for _, s := range r.metrics {
		for _, g := range s.GPUs {
			if v := of(g); v != nil {
				push(lines, [2]string{fmt.Sprintf("GPU %d", g.Index), s.Source}, r.at(s), *v*scale)
			}
		}
	}
	r.finish(&f, lines)
	return f
}

// push adds a point to the line of a name and source.
func push(lines map[[2]string]*chart.Series, id [2]string, x, y float64) {
	s := lines[id]
	if s == nil {
		s = &chart.Series{Name: id[0], Kind: chart.Steps}
		lines[id] = s
	}
	s.X, s.Y = append(s.X, x), append(s.Y, y)
}

// finish adds the lines to a figure, in the order of their names, with their source if there are several.
func (r *report) finish(f *chart.Figure, lines map[[2]string]*chart.Series) {
	sources := map[string]bool{}
	for id := range lines {
		sources[id[1]] = true
	}
	order := func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }
	for i, id := range slices.SortedFunc(maps.Keys(lines), order) {
		s := lines[id]
		s.Name, s.Color = r.tr(s.Name), i
		if len(sources) > 1 {
			s.Name += " · " + id[1]
		}
		s.X, s.Y = chart.Thin(s.X, s.Y, mostSamples)
		f.Series = append(f.Series, *s)
		f.Alt += r.trf("%s: at most %s. ", s.Name, chart.Number(top(s.Y)))
	}
}

// top returns the greatest number of a column.
func top(c chart.Column) float64 {
	most := math.Inf(-1)
	for _, v := range c {
		if v > most {
			most = v
		}
	}
	return most
}
