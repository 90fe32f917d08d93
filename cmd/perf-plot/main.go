// Command perf-plot draws record lines as charts: one page that needs no network, or single figures.
package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"perfpipe/internal/chart"
	"perfpipe/internal/cli"
	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/gate"
	"perfpipe/internal/prompage"
	"perfpipe/internal/report"
	"perfpipe/internal/servermetrics"
	"perfpipe/internal/spend"
	"perfpipe/internal/stats"
	"perfpipe/internal/visible"
)

//go:embed hints.txt
var hintTable string

func main() { os.Exit(cli.Main("perf-plot", run)) }

const description = "Charts of record lines, as perf-send writes them: one HTML page that needs no network, or " +
	"figures alone. Reads stdin if no FILE is named, and gzip and zstd, too. Several files are compared with one " +
	`another; the load points of one file form a sweep.

  perf-plot records.jsonl -o report.html
  perf-plot --format term records.jsonl
  perf-plot --figure list records.jsonl`

type flags struct {
	series func(*prompage.Series) bool // what Metric matches; nil: none

	Files []string `arg:"" optional:"" name:"file" help:"Files of record lines, or folders of runs; - is stdin."`

	Output    string         `group:"output" short:"o" placeholder:"FILE" help:"Write to FILE instead of stdout. Its ending chooses the format: .html, .svg, .png, .txt, .csv or .json."`
	Format    string         `group:"output" default:"" enum:",html,svg,png,term,vega,csv" placeholder:"FORMAT" help:"html (a page); for single figures svg, png, term (text), vega (a Vega-Lite specification) or csv (data). Default: by the ending of --output, else html, on a terminal term."`
	Figure    string         `group:"figures" placeholder:"NAME" help:"Figure to draw; list shows their names. Default: all in html and csv, the first of each section in term, otherwise the first."`
	Width     *int           `group:"output" placeholder:"COLUMNS" help:"Width of text figures, at least 40. Default: the terminal's, else 100."`
	Title     string         `group:"figures" placeholder:"TEXT" help:"Title of the page."`
	SLO       cli.Conditions `group:"figures" name:"slo" placeholder:"COND…" help:"Limits to draw and to judge load points by, as in perf-stats: 'ttft_ms:p99<500'."`
	Goodput   cli.Conditions `group:"figures" placeholder:"COND…" help:"Limits of a good request, as in perf-stats: 'ttft_ms<500'."`
	Failures  string         `group:"records" default:"inf" enum:"inf,drop" help:"Response time of failed requests: inf, or drop them."`
	Facts     string         `group:"records" placeholder:"FILE" help:"Facts of the run, as perf-send --facts-out writes them, to show. Default: those in the folder of a run."`
	Metrics   string         `group:"records" placeholder:"FILE" help:"Server metrics, as perf-send --metrics-out writes them."`
	Metric    string         `group:"figures" placeholder:"REGEX" help:"Draw each series of the server's pages that matches, such as 'cache|queue_time', along the run."`
	Price     string         `group:"figures" placeholder:"PRICES" help:"Prices of a million tokens in dollars, as in perf-stats: 'in=0.15,out=0.60,cached=0.075'."`
	PriceHour string         `group:"figures" placeholder:"PRICE" help:"Price of an hour of the server in dollars."`
	Lang      string         `group:"figures" default:"en" enum:"en,zh" help:"Language of titles and labels: en or zh."`
	OnBadLine string         `group:"records" default:"fail" enum:"fail,skip" help:"At a line that is not a record: fail or skip it."`

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
	env.Hints = cli.Hints(hintTable)
	if err := f.chooseFormat(cli.IsTerminal(env.Stdout)); err != nil {
		return err
	}
	opt, err := f.options()
	if err != nil {
		return err
	}
	files := []cli.File{{Name: "-o", Path: f.Output, Out: true}, {Name: "--metrics", Path: cmp.Or(f.Metrics, os.DevNull)}}
	for _, path := range f.Files {
		files = append(files, cli.File{Name: "an input", Path: path})
	}
	if err := env.Distinct(files...); err != nil {
		return err
	}
	sources, err := read(env, &f, opt)
	if err != nil {
		return err
	}
	if f.Metrics == "" && len(f.Files) == 1 {
		_, f.Metrics = facts.Beside(f.Files[0])
	}
	server, err := readMetrics(env, &f)
	if err != nil {
		return err
	}
	if server != nil && !slices.ContainsFunc(server.Samples, func(m servermetrics.Sample) bool {
		return sources[0].During(m.AtUs)
	}) && !sources[0].Empty() {
		env.Say("--metrics: no sample of %s is from the time of the records", f.Metrics)
	}
	page := report.Page(sources, report.Options{
		Lang: f.Lang, Title: f.Title, SLO: opt.Gates, Server: server, Series: f.series, DropFailures: opt.DropFailures,
		Made: visible.Shell(append([]string{env.Name}, env.Args...)...) + " (" + cli.Version() + ")",
	})
	out := env.Create(f.Output)
	defer out.Abort()
	if err := write(out, page, &f, cmp.Or(*cmp.Or(f.Width, new(int)), cli.Columns(env.Stdout), 100)); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	if f.Figure != "list" && !slices.ContainsFunc(sources, func(s *report.Source) bool { return !s.Empty() }) {
		return fault.Fail("", "no records in the input")
	}
	return nil
}

// options returns the options by which the records are judged.
func (f *flags) options() (opt stats.Options, err error) {
	opt.DropFailures = f.Failures == "drop"
	hint := "for example: --slo 'ttft_ms:p99<500'"
	if opt.Gates, err = cli.ParseAll("--slo", hint, f.SLO, gate.Parse); err != nil {
		return opt, err
	}
	if slices.ContainsFunc(opt.Gates, func(g gate.Gate) bool { return g.OnGoodput() }) &&
		len(f.Goodput) == 0 {
		return opt, fault.Usage("--goodput 'ttft_ms<500' defines a good request", "--slo: goodput needs --goodput")
	}
	hint = "for example: --goodput 'ttft_ms<500' 'tpot_ms<50'"
	if opt.Goodput, err = cli.ParseAll("--goodput", hint, f.Goodput, gate.ParseLimit); err != nil {
		return opt, err
	}
	if f.Metric != "" {
		if f.series, err = prompage.Matching(f.Metric); err != nil {
			return opt, fault.Usage("", "--metric: %w", err)
		}
	}
	opt.Prices, err = spend.Parse(f.Price, f.PriceHour)
	return opt, err
}

// write writes the figures that the flags select.
func write(w io.Writer, page *chart.Page, f *flags, columns int) error {
	if f.Figure == "list" {
		var b strings.Builder
		for i := range page.Figures {
			fmt.Fprintf(&b, "%s\t%s\n", page.Figures[i].Name, page.Figures[i].Title)
		}
		_, err := io.WriteString(w, b.String())
		return err
	}
	figures, err := f.chosen(page.Figures)
	if err != nil {
		return err
	}
	switch f.Format {
	case "html":
		page.Figures = figures
		return chart.HTML(w, page)
	case "csv":
		return chart.CSV(w, figures)
	}
	single := map[string]func(io.Writer, *chart.Figure) error{"svg": chart.SVG, "png": chart.PNG, "vega": chart.Vega}
	if draw := single[f.Format]; draw != nil {
		return draw(w, &figures[0])
	}
	for i := range figures {
		if err := chart.Term(w, &figures[i], columns); err != nil {
			return err
		}
	}
	return nil
}

// chosen returns the figures to draw. A page may have none.
func (f *flags) chosen(figures []chart.Figure) ([]chart.Figure, error) {
	if f.Figure != "" {
		for i := range figures {
			if figures[i].Name == f.Figure {
				return figures[i : i+1], nil
			}
		}
	}
	switch {
	case f.Figure != "" && len(figures) > 0:
		var names []string
		for i := range figures {
			names = append(names, figures[i].Name)
		}
		return nil, fault.Usage("the figures of this input: "+strings.Join(names, ", "), "--figure: there is no figure %q",
			f.Figure)
	case f.Format == "html" && f.Figure == "":
		return figures, nil
	case len(figures) == 0:
		return nil, fault.Fail("at least one record needs a send time (sent_us)", "there is nothing to draw")
	case f.Format == "csv":
		return figures, nil
	case f.Format != "term":
		return figures[:1], nil
	}
	return slices.CompactFunc(slices.Clone(figures), func(a, b chart.Figure) bool { return a.Section == b.Section }), nil
}
