package track

import (
	"maps"
	"path"
	"time"

	"perfpipe/internal/dist"
	"perfpipe/internal/stats"
)

// opening returns the event that begins a run. The default name is evalscope's: the model and the time of the first
// request.
func opening(name string, config map[string]any, first *stats.Block) *event {
	if name == "" {
		name = "perf"
		if len(first.Model) > 0 {
			name = path.Base(first.Model[0])
		}
		if first.FirstScheduledUs > 0 {
			name += time.UnixMicro(first.FirstScheduledUs).Format("_20060102_150405")
		}
	}
	return &event{
		Op: opRun, Format: format, Name: shortened(name, nameLimit), TimeMs: first.FirstScheduledUs / 1000,
		Config: masked(config),
	}
}

// running returns the log of the present values of a block, with its name as a prefix.
func running(b *stats.Block) *event {
	return &event{
		Op: opLog, Point: pointName(b), Axis: axisName, Step: b.Requests, TimeMs: b.LastEndUs / 1000,
		Values: headlinesFirst(append(figures(b), tails(b)...), b),
	}
}

// closing returns the events that follow the last record.
func closing(s *stats.Summary, config map[string]any) []*event {
	out := append([]*event{summaryTable(s), percentileTable(s)}, curves(s)...)
	return append(out, ending(s, config))
}

// summaryTable returns a table with a row for each load point.
func summaryTable(s *stats.Summary) *event {
	e := &event{Op: opTable, Name: "summary", Columns: []string{"Load Point"}}
	column := map[string]int{}
	rows := make([][]figure, len(s.Blocks))
	for i := range s.Blocks {
		rows[i] = figures(&s.Blocks[i])
		for _, f := range rows[i] {
			if _, found := column[f.name]; !found {
				column[f.name] = len(e.Columns)
				e.Columns = append(e.Columns, f.name)
			}
		}
	}
	for i, figures := range rows {
		row := make([]any, len(e.Columns))
		row[0] = pointName(&s.Blocks[i])
		for _, f := range figures {
			row[column[f.name]] = f.value
		}
		e.Rows = append(e.Rows, row)
	}
	return e
}

// percentileTable returns evalscope's percentile table of all load points, with rows for the minimum, the percentiles
// and the maximum.
func percentileTable(s *stats.Summary) *event {
	e := &event{Op: opTable, Name: "percentiles", Columns: []string{"Load Point", "Percentiles"}}
	var have []distribution
	for _, d := range distributions() {
		for i := range s.Blocks {
			if s.Blocks[i].Metrics.Get(d.key) != nil {
				have = append(have, d)
				e.Columns = append(e.Columns, d.name)
				break
			}
		}
	}
	for i := range s.Blocks {
		b := &s.Blocks[i]
		row := func(name string, of func(*stats.Metric) dist.Num) {
			cells := []any{pointName(b), name}
			for _, d := range have {
				var cell any
				if m := b.Metrics.Get(d.key); m != nil {
					if v := of(m); v.Known() {
						cell = scaled(v, d.scale)
					}
				}
				cells = append(cells, cell)
			}
			e.Rows = append(e.Rows, cells)
		}
		row("min", func(m *stats.Metric) dist.Num { return m.Min })
		for _, p := range s.Percentiles {
			row(number(p)+"%", func(m *stats.Metric) dist.Num { return dist.Num(m.At(p)) })
		}
		row("max", func(m *stats.Metric) dist.Num { return m.Max })
	}
	return e
}

// curves returns a chart of the percentiles of each duration, with a line for each load point.
func curves(s *stats.Summary) []*event {
	var out []*event
	for _, d := range distributions() {
		if !d.running {
			continue
		}
		e := &event{Op: opChart, Name: "Percentiles of " + d.name, TimeMs: lastMs(s), X: "percentile", Y: d.name}
		for i := range s.Blocks {
			m := s.Blocks[i].Metrics.Get(d.key)
			if m == nil {
				continue
			}
			line := series{Name: pointName(&s.Blocks[i])}
			for _, p := range m.Percentiles {
				if p.Value.Known() {
					line.Points = append(line.Points, [2]float64{p.P, scaled(p.Value, d.scale)})
				}
			}
			if line.Points != nil {
				e.Series = append(e.Series, line)
			}
		}
		if e.Series != nil {
			out = append(out, e)
		}
	}
	return out
}

// ending returns the configuration that is known at the end, and what the records contain about each load point.
func ending(s *stats.Summary, config map[string]any) *event {
	points := map[string]any{}
	for i := range s.Blocks {
		b := &s.Blocks[i]
		points[pointName(b)] = map[string]any{
			"mode": b.Mode, "rate": b.Rate, "parallel": b.Parallel, "api": b.API, "op": b.Op, "model": b.Model, "url": b.URL,
			"simulated": b.Simulated, "warmup": b.Warmup, "load_generator": b.Client.Level,
		}
	}
	all := map[string]any{"load_points": points}
	maps.Copy(all, config)
	return &event{Op: opConfig, Config: masked(all)}
}
