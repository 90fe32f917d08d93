package main

import (
	"fmt"
	"slices"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/prompage"
	"perfpipe/internal/servermetrics"
	"perfpipe/internal/spend"
	"perfpipe/internal/stats"
	"perfpipe/internal/store"
)

// serverFlags choose what is shown of the server, and what it costs.
type serverFlags struct {
	show func(*prompage.Series) bool // what Metric matches; nil: none

	Metrics        string `group:"records" placeholder:"FILE" unseen:"compare define evalscope vllm" help:"Server metrics, as perf-send --metrics-out writes them, to show with each load point. Default: those in the folder of a run."`
	Metric         string `group:"figures" placeholder:"REGEX" unseen:"compare define evalscope vllm junit prometheus" help:"Show each series of the server's pages that matches, such as 'cache|queue_time'; . shows all."`
	MetricsParquet string `group:"output" placeholder:"FILE" unseen:"compare define evalscope vllm junit" help:"Also write all series of --metrics to a Parquet file."`
	Price          string `group:"figures" placeholder:"PRICES" unseen:"compare define evalscope vllm junit" help:"Prices of a million tokens in dollars, such as 'in=0.15,out=0.60,cached=0.075', to show the cost."`
	PriceHour      string `group:"figures" placeholder:"PRICE" unseen:"compare define evalscope vllm junit" help:"Price of an hour of the server in dollars, to show the cost."`
}

// checkServer validates the flags and sets the prices.
func (f *flags) checkServer(opt *stats.Options) (err error) {
	flag := cli.FirstSet(map[string]bool{"--metric": f.Metric != "", "--metrics-parquet": f.MetricsParquet != ""})
	if flag != "" && f.Metrics == "" {
		return fault.Usage("--metrics FILE names what perf-send --metrics-out wrote", "%s without --metrics", flag)
	}
	if f.Metric != "" {
		if f.show, err = prompage.Matching(f.Metric); err != nil {
			return fault.Usage("", "--metric: %w", err)
		}
	}
	opt.Prices, err = spend.Parse(f.Price, f.PriceHour)
	return err
}

// server adds to each load point the metrics of the server and its GPUs.
func (f *flags) server(env *cli.Env, s *stats.Summary) error {
	if f.Metrics == "" {
		return nil
	}
	file, name, err := f.readMetrics(env)
	if err != nil {
		return err
	}
	if !s.AddServer(file, f.show) && len(s.Blocks) > 0 {
		env.Say("--metrics: no sample of %s is from the time of the records", name)
	}
	if series := file.Series(); f.show != nil && !slices.ContainsFunc(series, f.show) {
		env.Say("--metric: none of the %d series in %s matches %q", len(series), name, f.Metric)
		env.Hint("--metric . shows all")
	}
	if f.MetricsParquet != "" {
		if err := store.WriteSeries(f.MetricsParquet, f.Mode.Private().CreateEmpty, file); err != nil {
			return fmt.Errorf("--metrics-parquet: %w", err)
		}
	}
	return nil
}

// readMetrics reads --metrics.
func (f *flags) readMetrics(env *cli.Env) (file *servermetrics.File, name string, err error) {
	r, name, closeFile, err := env.Input(f.Metrics, jsonl.Decompress)
	if err != nil {
		return nil, name, err
	}
	defer closeFile()
	switch file, err = servermetrics.Read(r, name); {
	case jsonl.Damaged(err):
		env.Say("--metrics: %v: what could be read counts", err)
	case err != nil:
		return nil, name, fault.Fail("perf-send --metrics-out makes such files", "--metrics: %w", err)
	}
	return file, name, nil
}
