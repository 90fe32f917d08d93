// Package report makes a page of charts and tables from records: the document that perf-plot writes.
//
// Read collects the records of one file, and Page makes the page of one or several files. A kind of figure is a
// function of the type maker and an entry in makers.
package report

import (
	"math"
	"slices"
	"strings"

	"perfpipe/internal/chart"
	"perfpipe/internal/gate"
	"perfpipe/internal/lang"
	"perfpipe/internal/prompage"
	"perfpipe/internal/servermetrics"
	"perfpipe/internal/stats"
)

// Options select what a page shows besides the records.
type Options struct {
	Lang   string                      // en or zh
	Title  string                      // "": made from the models
	SLO    []gate.Gate                 // limits to draw; Read must have judged the load points by them
	Server *servermetrics.File         // the server's own metrics; nil if there are none
	Series func(*prompage.Series) bool // series of its pages to draw; nil: none
	Made   string                      // command and version that made the page

	DropFailures bool // Read has left failures out of response times
}

// report is the data of all figures.
type report struct {
	words
	lang    string
	sources []*Source
	points  []point
	slos    []gate.Gate
	metrics []servermetrics.Sample
	pages   []*servermetrics.Page
	series  func(*prompage.Series) bool
	made    string

	dropFailures bool
}

// Page makes the page.
func Page(sources []*Source, opt Options) *chart.Page {
	return newReport(sources, opt).page(opt.Title)
}

// point is one load point of one source. In most figures it is a line.
type point struct {
	*stats.Block
	src         *Source
	run, label  string // its name, without and with the name of its source, if there are several
	color, dash int    // of several sources, the colour is the source's and the dash the load point's
}

func newReport(sources []*Source, opt Options) *report {
	nameSources(sources)
	r := &report{
		words: words{lang.Of(opt.Lang)}, lang: opt.Lang, sources: sources, slos: opt.SLO, made: opt.Made,
		dropFailures: opt.DropFailures, series: opt.Series,
	}
	if opt.Server != nil {
		r.metrics, r.pages = opt.Server.Samples, opt.Server.Pages
	}
	dashes := map[string]int{}
	for k, src := range sources {
		s := src.stats.Summary()
		if opt.Server != nil && len(sources) == 1 {
			s.AddServer(opt.Server, nil)
		}
		for i := range s.Blocks {
			p := point{Block: &s.Blocks[i], src: src, run: s.Blocks[i].Run, color: i}
			if p.run == "" {
				p.run = src.name
			}
			for _, v := range s.Blocks[i].Group[1:] { // they distinguish load points of one name
				p.run += " · " + v.Value
			}
			if p.label = p.run; len(sources) > 1 {
				if p.label = src.name; len(s.Blocks) > 1 {
					p.label += " · " + p.run
				}
				if _, ok := dashes[p.run]; !ok {
					dashes[p.run] = len(dashes)
				}
				p.color, p.dash = k, dashes[p.run]
			}
			r.points = append(r.points, p)
		}
	}
	if len(r.points) == len(sources) { // each source is one load point, whatever its name
		for i := range r.points {
			r.points[i].dash = 0
		}
	}
	return r
}

// percentile returns a percentile of a metric, or NaN if the load point has no values.
func (p *point) percentile(key string, q float64) float64 {
	if m := p.Metrics.Get(key); m != nil && m.N+m.Failed > 0 {
		return m.At(q)
	}
	return math.NaN()
}

// ordered reports whether the points are steps of one quantity, so that their colours go from light to dark.
func (r *report) ordered() bool { return len(r.sources) == 1 && len(r.points) > 2 }

func (r *report) simulated() bool {
	return slices.ContainsFunc(r.points, func(p point) bool { return p.Simulated })
}

// maker makes the figures of one kind.
type maker func(*report) []chart.Figure

// makers returns every kind of figure in the order of the page.
func makers() []maker {
	return []maker{
		sweep, spending, percentiles, distributions, ledgers, overTime, heatmaps, requestTimeline, tokenTimeline, densities,
		conversations, sessionTree, server, series,
	}
}

// page makes the page.
func (r *report) page(title string) *chart.Page {
	p := &chart.Page{Title: title, Lang: r.lang, Footer: r.tr("This page holds all of its data and loads nothing.")}
	if r.made != "" {
		p.Footer = r.trf("Made by: %s.", r.made) + " " + p.Footer
	}
	if p.Title == "" {
		p.Title = r.defaultTitle()
	}
	if r.simulated() {
		p.Title = r.tr("Simulated") + ": " + p.Title
		p.Notices = append(p.Notices,
			r.tr("Simulated data: the answers came from the built-in simulator. No server was measured."))
	}
	p.Notices = append(p.Notices, r.warnings()...)
	if len(r.sources) == 1 {
		p.Facts = r.facts(r.sources[0])
	}
	p.Tables, p.Details = r.tables(), r.details()
	for _, m := range makers() {
		for _, f := range m(r) {
			if f.Empty() {
				continue
			}
			if r.simulated() {
				f.Title = r.tr("Simulated") + ": " + f.Title
			}
			f.Marks = slices.DeleteFunc(f.Marks, func(m chart.Mark) bool { return math.IsNaN(m.At) || math.IsInf(m.At, 0) })
			inSeconds(&f)
			p.Figures = append(p.Figures, f)
		}
	}
	return p
}

func (r *report) defaultTitle() string {
	var models []string
	for i := range r.points {
		for _, m := range r.points[i].Model {
			if !slices.Contains(models, m) {
				models = append(models, m)
			}
		}
	}
	switch {
	case len(models) == 0:
		return r.tr("Load test")
	case len(models) > 3:
		return r.trf("Load test of %d models", len(models))
	}
	return r.trf("Load test of %s", strings.Join(models, ", "))
}

// warnings returns what a reader must know before looking at the figures.
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
			out = append(out, r.trf("%s: %d records have an impossible time or count, and are left out of the charts.", s.name,
				s.absurd))
		}
	}
	if len(out) > 6 {
		out = append(out[:6], r.trf("… and %d more of the load points.", len(out)-6))
	}
	return out
}
