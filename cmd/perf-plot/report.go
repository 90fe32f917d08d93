package main

import (
	"fmt"
	"slices"
	"strings"

	"llmperf/internal/chart"
	"llmperf/internal/stats"
)

// report is all that the figures are made of.
type report struct {
	words
	inputs []*source
	points []point
	title  string
}

// point is one load point of one input: a line in most figures.
type point struct {
	*stats.Block
	in    *source
	label string
	color int
}

func newReport(inputs []*source, w words) *report {
	r := &report{words: w, inputs: inputs}
	for _, in := range inputs {
		s := in.stats.Summary()
		for i := range s.Blocks {
			b := &s.Blocks[i]
			r.points = append(r.points, point{Block: b, in: in, label: r.label(in, b, len(s.Blocks)), color: len(r.points)})
		}
	}
	return r
}

// label names a line: by its load point, its file, or both, whichever tells it from the others.
func (r *report) label(in *source, b *stats.Block, blocks int) string {
	run := b.Run
	if run == "" {
		run = in.name
	}
	switch {
	case len(r.inputs) == 1:
		return run
	case blocks == 1:
		return in.name
	}
	return in.name + " · " + run
}

// sweep says whether the points are steps of one quantity, which an ordered scale of colours shows.
func (r *report) sweep() bool { return len(r.inputs) == 1 && len(r.points) > 2 }

func (r *report) simulated() bool {
	return slices.ContainsFunc(r.points, func(p point) bool { return p.Simulated })
}

// maker makes figures of a report.
type maker func(*report) []chart.Figure

// makers is every kind of figure in the order of the page.
func makers() []maker { return []maker{percentiles, distributions} }

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
	for _, m := range makers() {
		for _, f := range m(r) {
			if f.Empty() {
				continue
			}
			if r.simulated() {
				f.Title = r.tr("Simulated") + ": " + f.Title
			}
			p.Figures = append(p.Figures, f)
		}
	}
	return p
}

func (r *report) defaultTitle() string {
	var models []string
	for _, p := range r.points {
		for _, m := range p.Model {
			if !slices.Contains(models, m) {
				models = append(models, m)
			}
		}
	}
	switch {
	case len(models) == 0:
		return r.tr("Load test")
	case len(models) > 3:
		return fmt.Sprintf(r.tr("Load test of %d models"), len(models))
	}
	return fmt.Sprintf(r.tr("Load test of %s"), strings.Join(models, ", "))
}
