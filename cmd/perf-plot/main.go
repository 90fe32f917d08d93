// Command perf-plot draws record lines as charts: one page that needs no network, or single figures.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"llmperf/internal/chart"
	"llmperf/internal/cli"
	"llmperf/internal/stats"
)

func main() { os.Exit(cli.Main("perf-plot", run)) }

const description = `Charts of record lines, as perf-send writes them: one HTML page that needs no network, or figures alone. Reads stdin where no FILE is named; gzip and zstd too. Several files are compared with one another; the load points of one file form a sweep.

  perf-plot records.jsonl -o report.html
  perf-plot --format term records.jsonl
  perf-plot --figure list records.jsonl`

type flags struct {
	Files []string `arg:"" optional:"" name:"file" help:"Files of record lines; - is stdin."`

	Output    string         `group:"output" short:"o" placeholder:"FILE" help:"Write to FILE instead of stdout."`
	Format    string         `group:"output" default:"html" enum:"html,svg,png,term,vega" help:"html, the page (default); of single figures svg, png, term (for the terminal) or vega (a Vega-Lite specification)."`
	Figure    string         `group:"figures" placeholder:"NAME" help:"The figure to draw; list lists them. Without it, term draws the first of each section, the others the first of all."`
	Width     int            `group:"output" placeholder:"COLUMNS" default:"100" help:"Of term (default 100)."`
	Title     string         `group:"figures" placeholder:"TEXT" help:"The page's title."`
	SLO       cli.Conditions `group:"figures" name:"slo" placeholder:"COND…" help:"Limits to draw, as perf-stats has them: 'ttft_ms:p99<500'."`
	Goodput   cli.Conditions `group:"figures" placeholder:"COND…" help:"What makes a request a good one, as perf-stats has it: 'ttft_ms<500'."`
	Metrics   string         `group:"records" placeholder:"FILE" help:"The server's own metrics, as perf-send --metrics-out writes them."`
	Lang      string         `group:"figures" default:"en" enum:"en,zh" help:"Language of titles and labels: en or zh."`
	OnBadLine string         `group:"records" default:"fail" enum:"fail,skip" help:"What to do at a line that is no record: fail (default) or skip it."`

	cli.VersionFlag
}

func groups() kong.Option {
	return cli.Groups(
		kong.Group{Key: "records", Title: "Records:"},
		kong.Group{Key: "figures", Title: "Figures:"},
		kong.Group{Key: "output", Title: "Output:"},
	)
}

func run(env *cli.Env) error {
	var f flags
	if err := env.Parse(&f, description, groups()); err != nil {
		return err
	}
	ctx, stop := env.Context()
	defer stop()
	if f.Format == "png" && f.Lang == "zh" {
		return cli.Usage("--format svg has its text as text", "--lang zh: the font of PNG images has no Chinese letters")
	}
	if f.Metrics != "" && len(f.Files) > 1 {
		return cli.Usage("", "--metrics: the metrics belong to one run, and there are %d files", len(f.Files))
	}
	slos, err := parseSLOs(f.SLO)
	if err != nil {
		return err
	}
	opt, err := f.options(slos)
	if err != nil {
		return err
	}
	sources, err := read(ctx, env, &f, opt)
	if err != nil {
		return err
	}
	metrics, err := readMetrics(ctx, env, f.Metrics)
	if err != nil {
		return err
	}
	r := newReport(sources, words(f.Lang), slos)
	r.metrics = metrics
	out := env.Create(f.Output)
	defer out.Abort()
	if err := write(out, r, &f); err != nil {
		return err
	}
	return out.Commit()
}

// options are what the summaries are made with.
func (f *flags) options(slos []slo) (stats.Options, error) {
	opt := stats.Options{Percentiles: curvePercentiles(), DropFailures: true, ExactLimit: exactLimit}
	for _, s := range slos {
		opt.Gates = append(opt.Gates, s.Gate)
	}
	for _, text := range f.Goodput {
		l, err := stats.ParseLimit(text)
		if err != nil {
			return opt, cli.Usage("for example: --goodput 'ttft_ms<500' 'tpot_ms<50'", "--goodput: %w", err)
		}
		opt.Goodput = append(opt.Goodput, l)
	}
	return opt, nil
}

// write draws what the flags ask for.
func write(w io.Writer, r *report, f *flags) error {
	page := r.page(f.Title)
	if f.Figure == "list" {
		for i := range page.Figures {
			if _, err := fmt.Fprintf(w, "%s\t%s\n", page.Figures[i].Name, page.Figures[i].Title); err != nil {
				return err
			}
		}
		return nil
	}
	if f.Format == "html" {
		return chart.HTML(w, page)
	}
	if f.Format == "term" && f.Figure == "" {
		return r.overview(w, page, f.Width)
	}
	fig, err := choose(page.Figures, f.Figure)
	if err != nil {
		return err
	}
	switch f.Format {
	case "svg":
		return chart.SVG(w, fig)
	case "png":
		return chart.PNG(w, fig)
	case "vega":
		return chart.Vega(w, fig)
	}
	return chart.Term(w, fig, f.Width)
}

// overview draws for the terminal the first figure of each section.
func (r *report) overview(w io.Writer, page *chart.Page, width int) error {
	section := ""
	for i := range page.Figures {
		if page.Figures[i].Section == section {
			continue
		}
		section = page.Figures[i].Section
		if err := chart.Term(w, &page.Figures[i], width); err != nil {
			return err
		}
	}
	return nil
}

// choose finds the figure of that name, or takes the first where none is asked for.
func choose(figures []chart.Figure, name string) (*chart.Figure, error) {
	var names []string
	for i := range figures {
		if figures[i].Name == name || name == "" {
			return &figures[i], nil
		}
		names = append(names, figures[i].Name)
	}
	if len(names) == 0 {
		return nil, cli.Fail("the records need at least one successful request", "there is nothing to draw")
	}
	return nil, cli.Usage("the figures of this input: "+strings.Join(names, ", "), "--figure: there is no figure %q", name)
}
