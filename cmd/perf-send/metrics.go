package main

import (
	"cmp"
	"context"
	"net/url"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/client"
	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/mask"
	"perfpipe/internal/recordfile"
	"perfpipe/internal/servermetrics"
)

// metricsFlags say what is sampled of the server while it is under load.
type metricsFlags struct {
	MetricsOut      string       `group:"output" placeholder:"FILE" help:"Sample metrics of the server and its GPUs during the run, as JSON lines; see docs/server-metrics.md."`
	ServerMetrics   cli.Strings  `group:"output" placeholder:"URL" help:"Prometheus pages to sample for --metrics-out. Default: /metrics of the server, if it answers."`
	MetricsHeaders  cli.Strings  `group:"output" placeholder:"NAME=VALUE" help:"Headers for --server-metrics of other origins than --url, which is sent the key and --headers."`
	MetricsInterval cli.Duration `group:"output" default:"1s" placeholder:"TIME" help:"Interval between samples."`
}

// firstSample limits how long the load waits for the first samples.
const firstSample = 5 * time.Second

// sample starts to write --metrics-out. Stop takes the last samples.
func (f *flags) sample(
	ctx context.Context, env *cli.Env, c *client.Client, target *url.URL,
) (stop func() error, err error) {
	headers, err := f.checkMetrics()
	if err != nil {
		return nil, err
	}
	if f.MetricsOut == "" {
		return func() error { return nil }, nil
	}
	if f.part.Index > 0 { // the metrics are those of the server, whichever shard asks
		env.Say("--metrics-out: left to shard 0")
		return func() error { return nil }, nil
	}
	cfg := servermetrics.Config{
		URLs: f.ServerMetrics, Client: c.Pages(headers), Interval: time.Duration(f.MetricsInterval),
	}
	if err := cfg.SetServer(ctx, target, firstSample); err != nil {
		env.Say("the server has no metrics to sample: %v", err)
	}
	create := env.Create
	if f.Resume != "" {
		create = env.Continue
	}
	out, err := recordfile.Open(create(f.MetricsOut), f.MetricsOut)
	if err != nil {
		return nil, err
	}
	lines := jsonl.NewWriter(out)
	cfg.Write = func(m servermetrics.Sample) error { return lines.Write(m) }
	s, begun := servermetrics.Start(ctx, cfg, firstSample)
	if !begun && ctx.Err() == nil {
		env.Say("--metrics-out: the load begins without a first sample of each page, since they take more than %v",
			firstSample)
	}
	return func() error {
		if err := cmp.Or(s.Stop(), out.Close()); err != nil {
			return fault.Fail("", "--metrics-out: %w", err)
		}
		return nil
	}, nil
}

// checkMetrics validates the flags and returns --metrics-headers.
func (f *flags) checkMetrics() (map[string]string, error) {
	headers, err := headerFlag("--metrics-headers", f.MetricsHeaders)
	if err != nil {
		return nil, err
	}
	for _, other := range []struct {
		flag string
		list cli.Strings
	}{{"--server-metrics", f.ServerMetrics}, {"--metrics-headers", f.MetricsHeaders}} {
		if f.MetricsOut == "" && len(other.list) > 0 {
			return nil, fault.Usage("--metrics-out FILE says where they go", "%s without --metrics-out", other.flag)
		}
	}
	if f.MetricsOut != "" && f.MetricsInterval <= 0 {
		return nil, fault.Usage("such as 0.5 or 2s", "--metrics-interval must be more than 0")
	}
	for _, u := range f.ServerMetrics {
		if p, err := url.Parse(u); err != nil || p.Scheme != "http" && p.Scheme != "https" || p.Host == "" {
			return nil, fault.Usage("it looks like http://127.0.0.1:8000/metrics",
				"--server-metrics: %q is not an http or https URL", mask.URL(u))
		}
	}
	return headers, nil
}
