package main

import (
	"time"

	"perfpipe/internal/bench"
	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
)

// metricsFlags choose what is sampled of the server while it is under load.
type metricsFlags struct {
	MetricsOut      string       `group:"output" placeholder:"FILE" help:"Sample metrics of the server and its GPUs during the run, as JSON lines; see docs/server-metrics.md."`
	ServerMetrics   cli.Strings  `group:"output" placeholder:"URL" help:"Prometheus pages to sample for --metrics-out. Default: /metrics of the server, if it answers."`
	MetricsHeaders  cli.Strings  `group:"output" placeholder:"NAME=VALUE" help:"Headers for --server-metrics of other origins than --url, which is sent the key and --headers."`
	MetricsInterval cli.Duration `group:"output" default:"1s" placeholder:"TIME" help:"Interval between samples."`
}

// metrics reads the flags.
func (f *metricsFlags) metrics() (m bench.Metrics, err error) {
	m = bench.Metrics{File: f.MetricsOut, Pages: f.ServerMetrics, Interval: time.Duration(f.MetricsInterval)}
	if m.Headers, err = headerFlag("--metrics-headers", f.MetricsHeaders); err != nil {
		return m, err
	}
	switch {
	case f.MetricsOut != "":
	case len(f.ServerMetrics) > 0:
		return m, fault.Invalid("", "metrics-out", "--server-metrics without --metrics-out")
	case len(f.MetricsHeaders) > 0:
		return m, fault.Invalid("", "metrics-out", "--metrics-headers without --metrics-out")
	}
	if f.MetricsOut != "" && f.MetricsInterval <= 0 {
		return m, fault.Usage("such as 0.5 or 2s", "--metrics-interval must be more than 0")
	}
	return m, nil
}
