// Command perf-stats turns record lines into tables and figures: one block for each load point.
package main

import (
	"errors"
	"os"
	"runtime"
	"time"

	"llmperf/internal/cli"
	"llmperf/internal/stats"
)

func main() { os.Exit(cli.Main("perf-stats", run)) }

const description = `Statistics over record lines, as perf-send writes them: counts, throughput, and TTFT, TPOT, ITL, latency and
response time with percentiles, one block for each load point. Reads stdin where no FILE is named; gzip and zstd too.`

type flags struct {
	Files []string `arg:"" optional:"" name:"file" help:"Files of record lines; - is stdin."`

	Format      string     `default:"table" enum:"table,json,csv,markdown" help:"table, json, csv or markdown."`
	Output      string     `short:"o" placeholder:"FILE" help:"Write to FILE instead of stdout."`
	Percentiles cli.Floats `default:"50,90,95,99" placeholder:"P…" help:"Percentiles to show, nearest rank (default 50,90,95,99)."`
	Warmup      bool       `help:"Count warm-up records too."`
	Failures    string     `default:"inf" enum:"inf,drop" help:"Response time of failures: inf (default) or drop them."`
	Exact       bool       `help:"Keep every value, however many, rather than a sketch of more than 262,144."`
	OnBadLine   string     `default:"fail" enum:"fail,skip" help:"What to do at a line that is no record: fail (default) or skip it."`
	Grace       float64    `default:"5" placeholder:"SECONDS" help:"After Ctrl-C, how long to wait for the lines of an ending perf-send."`

	cli.VersionFlag
}

func run(env *cli.Env) error {
	var f flags
	if err := env.Parse(&f, description); err != nil {
		return err
	}
	opt, err := f.options()
	if err != nil {
		return err
	}
	in := watch(env, time.Duration(f.Grace*float64(time.Second)))
	defer in.stop()
	stream := stats.NewStream(opt, min(2, runtime.GOMAXPROCS(0)), f.OnBadLine == "skip")
	if err := read(in.ctx, env, stream, f.Files); err != nil && !errors.Is(err, cli.ErrInterrupted) {
		return err
	}
	if n, first := stream.Skipped(); n > 0 {
		env.Say("left out %d bad lines, the first being %v", n, first)
	}
	out := env.Create(f.Output)
	defer out.Abort()
	if err := write(out, stream.Collector().Summary(), f.Format); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	return in.err()
}

func (f *flags) options() (stats.Options, error) {
	opt := stats.Options{Percentiles: f.Percentiles, Warmup: f.Warmup, DropFailures: f.Failures == "drop"}
	if f.Exact {
		opt.ExactLimit = -1
	}
	for _, p := range f.Percentiles {
		if !(p > 0 && p <= 100) {
			return opt, cli.Usage("", "--percentiles: %v is not above 0 and at most 100", p)
		}
	}
	if f.Grace < 0 {
		return opt, cli.Usage("", "--grace: %v is negative", f.Grace)
	}
	return opt, nil
}
