package format

import (
	"slices"
	"strconv"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/prompage"
	"perfpipe/internal/servermetrics"
	"perfpipe/internal/table"
)

// serverTable returns the server's own metrics, as far as it reported them.
func serverTable(w *servermetrics.Window) *table.Table {
	t := &table.Table{Header: []string{"the server's own", "mean", "max"}}
	level := func(name string, l *servermetrics.Level, scale float64) {
		if l != nil {
			t.Rows = append(t.Rows, []string{name, number(dist.Num(l.Mean * scale)), number(dist.Num(l.Max * scale))})
		}
	}
	figure := func(name string, v *float64, scale float64) {
		if v != nil {
			t.Rows = append(t.Rows, []string{name, number(dist.Num(*v * scale)), ""})
		}
	}
	level("requests running", w.Running, 1)
	level("requests waiting", w.Waiting, 1)
	level("KV cache in use (%)", w.KVCache, 100)
	figure("input tokens/s", w.PromptPerS, 1)
	figure("output tokens/s", w.CompletionPerS, 1)
	figure("prefix cache hits (%)", w.PrefixHit, 100)
	figure("preemptions", w.Preemptions, 1)
	figure("drafts accepted (%)", w.Acceptance, 100)
	figure("tokens a step", w.AcceptanceLength, 1)
	for _, g := range w.GPUs {
		name := "GPU " + strconv.Itoa(g.Index)
		level(name+" busy (%)", g.Utilization, 100)
		level(name+" memory (MiB)", g.MemoryMiB, 1)
		level(name+" power (W)", g.PowerW, 1)
		if g.Energy != nil {
			figure(name+" energy (J)", &g.Energy.Joules, 1)
		}
	}
	for _, m := range w.Meters {
		figure(m.Name+" energy (J)", &m.Energy.Joules, 1)
	}
	return t
}

// serverTables returns the tables of what the server reported.
func serverTables(w *servermetrics.Window) []*table.Table {
	var out []*table.Table
	if t := serverTable(w); len(t.Rows) > 0 {
		out = append(out, t)
	}
	if len(w.Times) > 0 {
		out = append(out, timesTable(w.Times))
	}
	if len(w.Series) > 0 {
		out = append(out, seriesTable(w.Series))
	}
	return out
}

// timesTable compares the times that the server measured with those of the records.
func timesTable(times []servermetrics.Time) *table.Table {
	t := &table.Table{
		Header: []string{"means (ms)", "by the server", "n", "by the records", "n", "difference", ""},
		Notes:  []string{"the server's clock runs from receipt to its own output, without the network and most of HTTP"},
	}
	for _, v := range times {
		name := v.Key
		if i := metric.Index(v.Key); i >= 0 {
			name = metric.All()[i].Name
		}
		row := []string{name, number(dist.Num(v.MeanMs)), count(int64(v.N)), "", "", "", ""}
		if v.OursMs != nil {
			row[3], row[4] = number(dist.Num(*v.OursMs)), count(int64(*v.OursN))
			row[5] = signed(dist.Num(*v.DifferenceMs))
			if v.Difference != nil {
				row[6] = percent(dist.Num(*v.Difference))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// seriesTable returns the figures of series. Labels that all series of a name share are left out.
func seriesTable(series []servermetrics.SourceSeries) *table.Table {
	t := &table.Table{Header: []string{"series of the pages", "Δ", "per s", "mean", "p50", "p99"}}
	number := func(v *float64) string {
		if v == nil {
			return ""
		}
		return number(dist.Num(*v))
	}
	quantile := func(v *float64, in []float64) string {
		switch {
		case len(in) == 1:
			return "> " + number(v)
		case len(in) == 2 && in[0] <= 0: // nothing is known of values in the lowest bucket
			return "≤ " + number(&in[1])
		}
		return number(v)
	}
	labels := make([]*prompage.Series, len(series))
	for i := range series {
		labels[i] = &prompage.Series{Name: series[i].Name, Labels: series[i].Labels}
	}
	for i := range series {
		s := &series[i]
		t.Rows = append(t.Rows, []string{
			seriesName(series, labels, i), number(s.Delta), number(s.PerS), number(s.Mean),
			quantile(s.P50, s.P50In), quantile(s.P99, s.P99In),
		})
	}
	if slices.ContainsFunc(series, func(s servermetrics.SourceSeries) bool { return s.P50In != nil }) {
		t.Notes = []string{"percentiles of histograms are interpolated within a bucket"}
	}
	return t
}

// seriesName returns the name with the labels and the source that distinguish series i from others of its name, given
// all series and their labels.
func seriesName(series []servermetrics.SourceSeries, labels []*prompage.Series, i int) string {
	name := prompage.Short(labels[i], labels)
	for k := range series {
		if series[k].Name == series[i].Name && series[k].Source != series[i].Source {
			return name + " · " + series[i].Source
		}
	}
	return name
}
