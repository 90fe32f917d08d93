// Package report makes a page of charts and tables from records.
package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"llmperf/internal/chart"
	"llmperf/internal/metrics"
	"llmperf/internal/stats"
)

// Options say what a page shows besides the records.
type Options struct {
	Lang   string           // en or zh
	Title  string           // "" is one made from the models
	SLO    []stats.Gate     // limits to draw; Read judged the load points by them
	Server []metrics.Sample // the server's own metrics, in order of time
}

// report is all that the figures are made of.
type report struct {
	words
	sources []*Source
	points  []point
	slos    []stats.Gate
	metrics []metrics.Sample
}

// Page makes the whole document.
func Page(sources []*Source, opt Options) *chart.Page {
	return newReport(sources, opt).page(opt.Title)
}

// point is one load point of one source: a line in most figures.
type point struct {
	*stats.Block
	src   *Source
	label string
	color int
}

func newReport(sources []*Source, opt Options) *report {
	nameSources(sources)
	r := &report{words: words(opt.Lang), sources: sources, slos: opt.SLO, metrics: opt.Server}
	for _, src := range sources {
		s := src.stats.Summary()
		for i := range s.Blocks {
			b := &s.Blocks[i]
			r.points = append(r.points, point{Block: b, src: src, label: r.label(src, b, len(s.Blocks)), color: len(r.points)})
		}
	}
	return r
}

// label names a line: by its load point, its file, or both, whichever tells it from the others.
func (r *report) label(src *Source, b *stats.Block, blocks int) string {
	run := b.Run
	if run == "" {
		run = src.name
	}
	switch {
	case len(r.sources) == 1:
		return run
	case blocks == 1:
		return src.name
	}
	return src.name + " · " + run
}

// percentile is one of a metric in the load point; NaN where there is none.
func (p *point) percentile(key string, q float64) float64 {
	if m := p.Metrics.Get(key); m != nil && m.N > 0 {
		return m.At(q)
	}
	return math.NaN()
}

func percentileName(p float64) string { return stats.PercentileName(p) }

// ordered says whether the points are steps of one quantity, which an ordered scale of colours shows.
func (r *report) ordered() bool { return len(r.sources) == 1 && len(r.points) > 2 }

func (r *report) simulated() bool {
	return slices.ContainsFunc(r.points, func(p point) bool { return p.Simulated })
}

// maker makes figures of a report.
type maker func(*report) []chart.Figure

// makers is every kind of figure in the order of the page.
func makers() []maker {
	return []maker{sweep, percentiles, distributions, overTime, heatmaps, requestTimeline, tokenTimeline, densities, conversations, server}
}

// page is the whole document.
func (r *report) page(title string) *chart.Page {
	p := &chart.Page{Title: title, Lang: string(r.words), Footer: r.tr("Made by perf-plot. This page holds all of its data and loads nothing.")}
	if p.Title == "" {
		p.Title = r.defaultTitle()
	}
	if r.simulated() {
		p.Title = r.tr("Simulated") + ": " + p.Title
		p.Notices = append(p.Notices, r.tr("Simulated data: the answers came from the built-in simulator. No server was measured."))
	}
	p.Notices = append(p.Notices, r.warnings()...)
	p.Facts, p.Tables = r.facts(), r.tables()
	for _, m := range makers() {
		for _, f := range m(r) {
			if f.Empty() {
				continue
			}
			if r.simulated() {
				f.Title = r.tr("Simulated") + ": " + f.Title
			}
			f.Marks = slices.DeleteFunc(f.Marks, func(m chart.Mark) bool { return math.IsNaN(m.At) || math.IsInf(m.At, 0) })
			p.Figures = append(p.Figures, f)
		}
	}
	return p
}

func (r *report) defaultTitle() string {
	models := r.all(func(p *point) []string { return p.Model })
	switch {
	case len(models) == 0:
		return r.tr("Load test")
	case len(models) > 3:
		return r.trf("Load test of %d models", len(models))
	}
	return r.trf("Load test of %s", strings.Join(models, ", "))
}

// all gives the distinct values that the load points have.
func (r *report) all(of func(*point) []string) []string {
	var out []string
	for i := range r.points {
		for _, v := range of(&r.points[i]) {
			if !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out
}

// warnings are what the reader must know before the figures.
func (r *report) warnings() []string {
	var out []string
	for i := range r.points {
		switch p := &r.points[i]; {
		case p.OK == 0 && p.Requests > 0:
			out = append(out, r.trf("%s: every one of the %d requests failed.", p.label, p.Requests))
		case p.Client.Level == stats.Bottleneck:
			out = append(out, r.trf("%s: the load generator was the bottleneck: %s.", p.label, p.Client.Reason))
		}
	}
	for _, s := range r.sources {
		if s.absurd > 0 {
			out = append(out, r.trf("%s: %d records have an impossible time or count, and are left out of the charts.", s.name, s.absurd))
		}
	}
	if len(out) > 6 {
		out = append(out[:6], r.trf("… and %d more of the load points.", len(out)-6))
	}
	return out
}

// join lists values for a reader, the first few of them.
func join(values []string) string {
	if len(values) > 4 {
		return strings.Join(values[:4], ", ") + fmt.Sprintf(", … (%d)", len(values))
	}
	return strings.Join(values, ", ")
}
