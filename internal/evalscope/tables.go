package evalscope

import (
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/table"
)

// Report is what evalscope prints when a run has ended.
type Report struct {
	Model, Alias, Dataset, API string
	URL                        string
	Dir                        string
	InputOnly                  bool // embeddings or ranking
	Points                     []Point
}

// Write writes the tables of the report as text.
func (r *Report) Write(w io.Writer) error {
	tables := []*table.Table{r.basic()}
	if r.InputOnly {
		tables = append(tables, detailed(r.Points))
	} else {
		tables = append(tables, overview(r.Points), perRequest(r.Points), perTrace(r.Points), workload(r.Points))
	}
	for _, t := range tables {
		if len(t.Rows) == 0 {
			continue
		}
		if err := t.Text(w); err != nil {
			return err
		}
	}
	return nil
}

func (r *Report) basic() *table.Table {
	total, rate, mean := "Total Generated", "Avg Output Rate", "Avg Output Tokens"
	if r.InputOnly {
		total, rate, mean = "Total Input Tokens", "Avg Input Rate", "Avg Input Tokens"
	}
	tokens, seconds := 0.0, 0.0
	for _, p := range r.Points {
		seconds += p.summary["Test Duration (s)"]
		tokens += p.summary["Success Requests"] * p.summary[mean]
	}
	endpoint := r.URL
	if u, err := url.Parse(endpoint); err == nil {
		endpoint = u.Host
	}
	t := &table.Table{Title: "Basic Information", Rows: [][]string{
		{"Model", filepath.Base(r.Model)}, {"Alias", r.Alias}, {"Test Dataset", r.Dataset}, {"API Type", r.API},
		{"Endpoint", endpoint}, {total, decimal(tokens, 0) + " tokens"}, {rate, decimal(tokens/seconds, 2) + " tok/s"},
		{"Total Test Time", decimal(seconds, 2) + " s"}, {"Output Path", r.Dir},
	}}
	t.Rows = slices.DeleteFunc(t.Rows, func(row []string) bool { return row[1] == "" })
	return t
}

func overview(points []Point) *table.Table {
	t := &table.Table{Title: "Performance Overview", Header: []string{"Conc.", "Rate", "Num", "RPS", "Gen/s", "Success"}}
	turns := slices.ContainsFunc(points, func(p Point) bool { return p.traces.Count > 0 })
	if turns {
		t.Header = append(t.Header, "Traces")
	}
	for _, p := range points {
		s := p.summary
		row := append(p.level("-"), decimal(s["Total Requests"], 0), decimal(s["Req Throughput (req/s)"], 2),
			decimal(s["Output Throughput (tok/s)"], 2), p.success())
		if turns {
			row = append(row, strconv.Itoa(p.traces.Count))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (p *Point) success() string {
	return decimal(100*p.summary["Success Requests"]/p.summary["Total Requests"], 1) + "%"
}

// level returns the cells of the load. Unlimited stands for no limit.
func (p *Point) level(unlimited string) []string {
	level := []string{decimal(p.summary["Concurrency"], 0), decimal(p.summary["Request Rate (req/s)"], 2)}
	for i := range level {
		if strings.HasPrefix(level[i], "-") {
			level[i] = unlimited
		}
	}
	return level
}

// perRequest has the means of the summary, and the percentiles of those metrics that have them.
func perRequest(points []Point) *table.Table {
	t := &table.Table{Title: "Per-Request Metrics", Header: []string{"Conc.", "Rate", "Metric", "avg", "p50", "p99",
		"max"}}
	tpot := false
	for _, p := range points {
		level := p.level("-")
		tpot = tpot || p.summary["Avg TPOT (ms)"] > 0
		for _, m := range []struct {
			name, mean, rank string
			places           int
		}{
			{"Latency (s)", "Avg Latency (s)", "Latency (s)", 3}, {"TTFT (ms)", "Avg TTFT (ms)", "TTFT (ms)", 2},
			{"TPOT (ms)", "Avg TPOT (ms)", "TPOT (ms)", 2},
			{"Steady ITL (ms)", "Avg Steady ITL (ms)", "Steady ITL (ms)", 2},
			{"PD Handoff Latency (ms)", "Avg PD Handoff Latency (ms)", "PD Handoff Latency (ms)", 2},
			{"PD Handoff Overhead (ms)", "Avg PD Handoff Overhead (ms)", "PD Handoff Overhead (ms)", 2},
			{"Input Tokens", "Avg Input Tokens", "Input tokens", 2},
			{"Output Tokens", "Avg Output Tokens", "Output tokens", 2}, {"Turns/Req", "Avg Turns/Request", "", 2},
			{"Cache Hit (%)", "KV Cache Hit Rate (%)", "", 2}, {"1st-Turn TTFT (ms)", "Avg First-Turn TTFT (ms)", "", 2},
			{"Subseq. TTFT (ms)", "Avg Subsequent-Turn TTFT (ms)", "", 2},
		} {
			mean, known := p.summary[m.mean]
			if !known || mean <= 0 && m.rank != "" {
				continue // without streaming there is no TPOT
			}
			row := append(level, m.name, decimal(mean, m.places))
			for _, label := range []string{"50%", "99%", "max"} {
				row = append(row, p.rank(label, m.rank, m.places))
			}
			t.Rows = append(t.Rows, row)
			level = []string{"", ""}
		}
		if tpot := p.summary["Avg TPOT (ms)"]; tpot > 0 {
			t.Rows = append(t.Rows, append(level, "Decode toks/s", decimal(1000/tpot, 2), "-", "-", "-"))
		}
		if steps := p.summary["Avg Decoded Tok/Iter"]; steps > 0 {
			accepted := decimal(100*p.summary["Spec. Accept Rate"], 1) + "%"
			t.Rows = append(t.Rows, []string{"", "", "Decoded Tok/Iter", decimal(steps, 2), "-", "-", "-"},
				[]string{"", "", "Spec. Accept Rate", accepted, "-", "-", "-"})
		}
	}
	if tpot {
		t.Notes = append(t.Notes, "TPOT is evalscope's, to the end of the answer; that of perf-stats and of the report "+
			"ends at the last token")
	}
	return t
}

// Tables returns the tables that evalscope logs of a load point: its summary and its percentiles.
func (p *Point) Tables() []*table.Table {
	summary := &table.Table{Title: "Benchmarking summary:", Header: []string{"Metric", "Value"}}
	for _, name := range p.names {
		summary.Rows = append(summary.Rows, []string{name, decimal(p.summary[name], 4)})
	}
	ranks := &table.Table{Title: "Percentile results:", Header: []string{"Metric"}}
	for _, row := range p.ranks {
		label, _ := row["Percentiles"].(string)
		ranks.Header = append(ranks.Header, label)
	}
	for _, name := range p.columns {
		row := []string{name}
		for _, label := range ranks.Header[1:] {
			row = append(row, p.rank(label, name, 3))
		}
		ranks.Rows = append(ranks.Rows, row)
	}
	return []*table.Table{summary, ranks}
}

func perTrace(points []Point) *table.Table {
	t := &table.Table{Title: "Per-Trace Metrics", Header: []string{"Conc.", "Rate", "Metric", "mean", "p50", "p90",
		"p99", "max"}}
	for _, p := range points {
		t.Rows = append(t.Rows, p.rows(p.traces.Rows, 4, "mean", "p50", "p90", "p99", "max")...)
	}
	return t
}

func workload(points []Point) *table.Table {
	t := &table.Table{Title: "Workload Throughput", Header: []string{
		"Conc.", "Rate", "Metric (tok/s)", "Overall", "Last 30s", "Steady (drop 20%)",
	}}
	for _, p := range points {
		t.Rows = append(t.Rows, p.rows(p.workload.Rows, 2, "overall", "last_window", "steady_state")...)
	}
	return t
}

// rows returns the rows of a file: the load, in the first one only, the metric, and the values of these keys.
func (p *Point) rows(list []map[string]any, places int, keys ...string) [][]string {
	var out [][]string
	level := p.level("-")
	for _, r := range list {
		name, _ := r["metric"].(string)
		row := append(level, name)
		for _, k := range keys {
			v, _ := r[k].(float64)
			row = append(row, decimal(v, places))
		}
		out, level = append(out, row), []string{"", ""}
	}
	return out
}

// detailed is the table of embeddings and rankings.
func detailed(points []Point) *table.Table {
	t := &table.Table{Title: "Detailed Performance Metrics",
		Header: []string{"Conc.", "Rate", "RPS", "Avg Lat.(s)", "P99 Lat.(s)",
			"Avg Inp.TPS", "P99 Inp.TPS", "Avg Inp.Tok", "Success Rate"}}
	for _, p := range points {
		s := p.summary
		t.Rows = append(t.Rows, append(p.level("INF"), decimal(s["Req Throughput (req/s)"], 2),
			decimal(s["Avg Latency (s)"], 3),
			p.rank("99%", "Latency (s)", 3), decimal(s["Input Throughput (tok/s)"], 2), p.rank("99%", "Input (tok/s)", 2),
			decimal(s["Avg Input Tokens"], 2), p.success()))
	}
	return t
}

func (p *Point) rank(label, column string, places int) string {
	for _, row := range p.ranks {
		if f, ok := row[column].(float64); ok && row["Percentiles"] == label {
			return decimal(f, places)
		}
	}
	return "-"
}

// decimal returns f with at most the given number of decimals, as evalscope writes it: without thousands separators.
func decimal(f float64, decimals int) string {
	return table.Trim(strconv.FormatFloat(f, 'f', decimals, 64))
}
