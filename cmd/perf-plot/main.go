// Command perf-plot draws record lines as charts: one page that needs no network, or single figures.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"llmperf/internal/chart"
	"llmperf/internal/cli"
)

func main() { os.Exit(cli.Main("perf-plot", run)) }

const description = `Charts of record lines, as perf-send writes them: one HTML page that needs no network, or figures alone. Reads stdin where no FILE is named; gzip and zstd too. Several files are compared with one another; the load points of one file form a sweep.`

type flags struct {
	Files []string `arg:"" optional:"" name:"file" help:"Files of record lines; - is stdin."`

	Output    string      `short:"o" placeholder:"FILE" help:"Write to FILE instead of stdout."`
	Format    string      `default:"html" enum:"html,svg" help:"html: the page; svg: one figure."`
	Figure    string      `placeholder:"NAME" help:"The figure to draw, where the format is not html. --figure list lists them."`
	Title     string      `placeholder:"TEXT" help:"The page's title."`
	SLO       cli.Strings `placeholder:"LIMIT…" help:"Limits to draw, such as 'ttft_ms:p99<500'."`
	Lang      string      `default:"en" enum:"en,zh" help:"Language of titles and labels: en or zh."`
	OnBadLine string      `default:"fail" enum:"fail,skip" help:"What to do at a line that is no record: fail (default) or skip it."`

	cli.VersionFlag
}

func run(env *cli.Env) error {
	var f flags
	if err := env.Parse(&f, description); err != nil {
		return err
	}
	ctx, stop := env.Context()
	defer stop()
	slos, err := parseSLOs(f.SLO)
	if err != nil {
		return err
	}
	sources, err := read(ctx, env, &f)
	if err != nil {
		return err
	}
	r := newReport(sources, words(f.Lang), slos)
	out := env.Create(f.Output)
	defer out.Abort()
	if err := write(out, r, &f); err != nil {
		return err
	}
	return out.Commit()
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
	fig, err := choose(page.Figures, f.Figure)
	if err != nil {
		return err
	}
	return chart.SVG(w, fig)
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
