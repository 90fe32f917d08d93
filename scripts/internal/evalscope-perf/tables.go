package main

import (
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"perfpipe/internal/cli"

	"perfpipe/internal/fault"
	"perfpipe/internal/table"
)

// report prints evalscope's closing tables, on stdout and into performance_summary.txt.
func report(env *cli.Env, dir string, v values, points []point) error {
	file, err := os.Create(filepath.Join(dir, "performance_summary.txt"))
	if err != nil {
		return fault.Fail("", "%w", err)
	}
	defer file.Close()
	inputOnly := slices.Contains([]string{"/embeddings", "/reranks"}, endpoints[v.one("api", "openai")])
	tables := []*table.Table{basic(dir, v, points, inputOnly)}
	if inputOnly {
		tables = append(tables, detailed(points))
	} else {
		tables = append(tables, overview(points), perRequest(points), perTrace(points), workload(points))
	}
	w := io.MultiWriter(env.Stdout, file)
	for _, t := range tables {
		if len(t.Rows) == 0 {
			continue
		}
		if err := t.Text(w); err != nil {
			return err
		}
	}
	return file.Close()
}

func basic(dir string, v values, points []point, inputOnly bool) *table.Table {
	total, rate, mean := "Total Generated", "Avg Output Rate", "Avg Output Tokens"
	if inputOnly {
		total, rate, mean = "Total Input Tokens", "Avg Input Rate", "Avg Input Tokens"
	}
	tokens, seconds := 0.0, 0.0
	for _, p := range points {
		seconds += p.summary["Test Duration (s)"]
		tokens += p.summary["Success Requests"] * p.summary[mean]
	}
	endpoint := v.one("url", "")
	if u, err := url.Parse(endpoint); err == nil {
		endpoint = u.Host
	}
	t := &table.Table{Title: "Basic Information", Rows: [][]string{
		{"Model", filepath.Base(v.one("model", ""))}, {"Alias", v.one("alias", "")}, {"Test Dataset", v.one("dataset", "openqa")},
		{"API Type", v.one("api", "openai")}, {"Endpoint", endpoint}, {total, decimal(tokens, 0) + " tokens"},
		{rate, decimal(tokens/seconds, 2) + " tok/s"}, {"Total Test Time", decimal(seconds, 2) + " s"}, {"Output Path", dir},
	}}
	t.Rows = slices.DeleteFunc(t.Rows, func(row []string) bool { return row[1] == "" })
	return t
}

func overview(points []point) *table.Table {
	t := &table.Table{Title: "Performance Overview", Header: []string{"Conc.", "Rate", "Num", "RPS", "Gen/s", "Success"}}
	turns := slices.ContainsFunc(points, func(p point) bool { return p.traces.Count > 0 })
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

func (p *point) success() string {
	return decimal(100*p.summary["Success Requests"]/p.summary["Total Requests"], 1) + "%"
}

// level is the load, with unlimited where there is no limit.
func (p *point) level(unlimited string) []string {
	level := []string{decimal(p.summary["Concurrency"], 0), decimal(p.summary["Request Rate (req/s)"], 2)}
	for i := range level {
		if strings.HasPrefix(level[i], "-") {
			level[i] = unlimited
		}
	}
	return level
}

// perRequest has the averages from the summary and the ranks from the percentiles. What has no ranks is a mean alone.
func perRequest(points []point) *table.Table {
	t := &table.Table{Title: "Per-Request Metrics", Header: []string{"Conc.", "Rate", "Metric", "avg", "p50", "p99", "max"}}
	for _, p := range points {
		level := p.level("-")
		for _, m := range []struct {
			name, mean, rank string
			places           int
		}{
			{"Latency (s)", "Avg Latency (s)", "Latency (s)", 3}, {"TTFT (ms)", "Avg TTFT (ms)", "TTFT (ms)", 2},
			{"TPOT (ms)", "Avg TPOT (ms)", "TPOT (ms)", 2}, {"Input Tokens", "Avg Input Tokens", "Input tokens", 2},
			{"Output Tokens", "Avg Output Tokens", "Output tokens", 2}, {"Turns/Req", "Avg Turns/Request", "", 2},
			{"Cache Hit (%)", "KV Cache Hit Rate (%)", "", 2}, {"1st-Turn TTFT (ms)", "Avg First-Turn TTFT (ms)", "", 2},
			{"Subseq. TTFT (ms)", "Avg Subsequent-Turn TTFT (ms)", "", 2},
		} {
			mean, known := p.summary[m.mean]
			if !known || mean <= 0 && m.rank != "" {
				continue // what is not streamed has no TPOT
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
	}
	return t
}

func perTrace(points []point) *table.Table {
	t := &table.Table{Title: "Per-Trace Metrics", Header: []string{"Conc.", "Rate", "Metric", "mean", "p50", "p90", "p99", "max"}}
	for _, p := range points {
		t.Rows = append(t.Rows, p.rows(p.traces.Rows, 4, "mean", "p50", "p90", "p99", "max")...)
	}
	return t
}

func workload(points []point) *table.Table {
	t := &table.Table{Title: "Workload Throughput", Header: []string{"Conc.", "Rate", "Metric (tok/s)", "Overall", "Last 30s", "Steady (drop 20%)"}}
	for _, p := range points {
		t.Rows = append(t.Rows, p.rows(p.workload.Rows, 2, "overall", "last_window", "steady_state")...)
	}
	return t
}

// rows are those of a file: the load in the first, the metric, and these keys.
func (p *point) rows(list []map[string]any, places int, keys ...string) [][]string {
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

// detailed is the table of embeddings and of ranking.
func detailed(points []point) *table.Table {
	t := &table.Table{Title: "Detailed Performance Metrics", Header: []string{"Conc.", "Rate", "RPS", "Avg Lat.(s)", "P99 Lat.(s)",
		"Avg Inp.TPS", "P99 Inp.TPS", "Avg Inp.Tok", "Success Rate"}}
	for _, p := range points {
		s := p.summary
		t.Rows = append(t.Rows, append(p.level("INF"), decimal(s["Req Throughput (req/s)"], 2), decimal(s["Avg Latency (s)"], 3),
			p.rank("99%", "Latency (s)", 3), decimal(s["Input Throughput (tok/s)"], 2), p.rank("99%", "Input (tok/s)", 2),
			decimal(s["Avg Input Tokens"], 2), p.success()))
	}
	return t
}

func (p *point) rank(label, column string, places int) string {
	for _, row := range p.ranks {
		if f, ok := row[column].(float64); ok && row["Percentiles"] == label {
			return decimal(f, places)
		}
	}
	return "-"
}

// decimal is a number with at most so many places.
func decimal(f float64, places int) string {
	s := strconv.FormatFloat(f, 'f', places, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}
