// Package format writes the figures of perf-stats in its output formats: tables for people (text, Markdown, HTML), and
// CSV, JSON, Prometheus and JUnit for programs. It computes nothing; the figures come from package stats.
//
// A format is one file and one line of the table in All. Its name, its file name ending and its note then appear in
// perf-stats --help and in the shell completions.
package format

import (
	"io"
	"strings"

	"perfpipe/internal/compare"
	"perfpipe/internal/define"
	"perfpipe/internal/lang"
	"perfpipe/internal/stats"
	"perfpipe/internal/table"
)

// Format is one output format. A function is nil if the format cannot hold that kind of figures.
type Format struct {
	Name   string // of --format
	Note   string // for --help; may be empty
	Ending string // of the file names that choose the format; "" if none does

	Summary     func(w io.Writer, s *stats.Summary, opt Options) error
	Comparison  func(w io.Writer, c *compare.Comparison, opt Options) error
	Definitions func(w io.Writer, defs []define.Definition, blocks []define.Block, opt Options) error
}

// Options select what tables show in addition to the figures, and their style.
type Options struct {
	Facts     [][2]string              // of the run as a whole: names and values, shown first
	Host      string                   // on which the load generator ran; "" if unknown
	Intervals bool                     // confidence intervals below means and percentiles
	Ledger    bool                     // where the time went, part by part
	Stress    func(cell string) string // colors text cells that must not be missed; nil: none
	Words     lang.Words               // the language of tables; the other formats have none
}

// All returns every format in the order of the help. The first is the default.
func All() []Format {
	text, markdown, html := layout((*table.Table).Text), layout((*table.Table).Markdown), layout((*table.Table).HTML)
	return []Format{
		{"table", "", ".txt", text.summary, text.comparison, text.definitions},
		{"json", "", ".json", jsonSummary, jsonComparison, jsonDefinitions},
		{"csv", "", ".csv", csvSummary, csvComparison, nil},
		{"markdown", "", ".md", markdown.summary, markdown.comparison, markdown.definitions},
		{"html", "a fragment", ".html", html.summary, nil, nil},
		{"prometheus", "text", ".prom", prometheus, nil, nil},
		{"junit", "the gates", ".xml", junit, nil, nil},
		{VLLM, "as vllm bench serve", "", nil, nil, vllmResult},
	}
}

// Named returns the format of that name.
func Named(name string) (Format, bool) {
	for _, f := range All() {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// Names returns the names of the formats that able accepts, or of all if it is nil.
func Names(able func(Format) bool) []string {
	var names []string
	for _, f := range All() {
		if able == nil || able(f) {
			names = append(names, f.Name)
		}
	}
	return names
}

// Endings returns the endings of file names, with the format of each.
func Endings() map[string]string {
	endings := map[string]string{}
	for _, f := range All() {
		if f.Ending != "" {
			endings[f.Ending] = f.Name
		}
	}
	return endings
}

// Help lists the names with their notes, and the endings.
func Help() (names, endings string) {
	var list, ends []string
	for _, f := range All() {
		name := f.Name
		if f.Note != "" {
			name += " (" + f.Note + ")"
		}
		list = append(list, name)
		if f.Ending != "" {
			ends = append(ends, f.Ending)
		}
	}
	last := len(ends) - 1
	return strings.Join(list, ", "), strings.Join(ends[:last], ", ") + " or " + ends[last]
}
