package format

import (
	"fmt"
	"strconv"

	"perfpipe/internal/lang"
	"perfpipe/internal/metric"
	"perfpipe/internal/stats"
	"perfpipe/internal/table"
	"perfpipe/internal/why"
)

// whyTable returns a table with a sentence on each line.
func whyTable(r *why.Report, w lang.Words) *table.Table {
	t := &table.Table{Title: w.Sentence("why the slowest are slow: " + metricName(r.Metric)), Words: true}
	for i, c := range r.Causes {
		t.Rows = append(t.Rows, []string{strconv.Itoa(i + 1), c.Sentence})
	}
	if len(r.Causes) == 0 {
		t.Rows = append(t.Rows, []string{"", r.Verdict})
		return t
	}
	t.Notes = append(t.Notes, fmt.Sprintf("of %d properties of %s requests; by chance one would be as frequent among the "+
		"slowest in at most 1 of 100 such runs", r.Asked, count(int64(r.Examined))))
	return t
}

// metricName returns the name of a metric in tables.
func metricName(key string) string {
	if key == "itl_ms" {
		return "longest gap"
	}
	return metric.All()[metric.Index(key)].Name
}

// whyRows returns a table with a row for each cause of each block, for programs.
func whyRows(s *stats.Summary) *table.Table {
	t := &table.Table{Header: []string{
		"group", "metric", "rank", "property", "slowest", "share_in_tail", "share_of_all", "p", "sentence",
	}}
	for i := range s.Blocks {
		b := &s.Blocks[i]
		if b.Why == nil {
			continue
		}
		for j, c := range b.Why.Causes {
			t.Rows = append(t.Rows, []string{name(b), b.Why.Metric, strconv.Itoa(j + 1), c.Property, plain(c.Tail),
				plain(c.InTail), plain(c.InAll), plain(c.P), c.Sentence})
		}
	}
	return t
}
