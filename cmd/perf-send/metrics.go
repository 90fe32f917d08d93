package main

import (
	"context"
	"net"
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

// sampler writes --metrics-out while the run goes on.
type sampler struct {
	stop context.CancelFunc
	done chan error
	out  *recordfile.File
}

// firstSample is how long the load waits for the first samples.
const firstSample = 5 * time.Second

// startSampler gives nil where nothing is to be sampled.
func startSampler(ctx context.Context, env *cli.Env, f *flags, c *client.Client, target *url.URL) (*sampler, error) {
	headers, err := headerFlag("--metrics-headers", f.MetricsHeaders)
	if err != nil {
		return nil, err
	}
	if f.MetricsOut == "" {
		for flag, list := range map[string]cli.Strings{"--server-metrics": f.ServerMetrics, "--metrics-headers": f.MetricsHeaders} {
			if len(list) > 0 {
				return nil, fault.Usage("--metrics-out FILE says where they go", "%s without --metrics-out", flag)
			}
		}
		return nil, nil
	}
	if f.part.Index > 0 { // they are the server's, whoever asks
		env.Say("--metrics-out: left to shard 0")
		return nil, nil
	}
	if f.MetricsInterval <= 0 {
		return nil, fault.Usage("such as 0.5 or 2s", "--metrics-interval must be more than 0")
	}
	urls := []string(f.ServerMetrics)
	for _, u := range urls {
		if p, err := url.Parse(u); err != nil || p.Scheme != "http" && p.Scheme != "https" || p.Host == "" {
			return nil, fault.Usage("it looks like http://127.0.0.1:8000/metrics", "--server-metrics: %q is not an http or https URL", mask.URL(u))
		}
	}
	pages := c.Pages(headers)
	if len(urls) == 0 {
		own := url.URL{Scheme: target.Scheme, Host: target.Host, Path: "/metrics"}
		if s := servermetrics.Scrape(ctx, pages, own.String(), firstSample); s.Error != "" {
			env.Say("the server has no metrics to sample: %s: %s", own.String(), s.Error)
		} else {
			urls = append(urls, own.String())
		}
	}
	create := env.Create
	if f.Resume != "" {
		create = env.Continue
	}
	out, err := recordfile.Open(create(f.MetricsOut), f.MetricsOut)
	if err != nil {
		return nil, err
	}
	sampling, cancel := context.WithCancel(context.Background())
	s := &sampler{cancel, make(chan error, 1), out}
	lines, begun := jsonl.NewWriter(out), make(chan struct{})
	ip := net.ParseIP(target.Hostname())
	cfg := servermetrics.Config{
		URLs: urls, Client: pages, Interval: time.Duration(f.MetricsInterval), GPUs: ip != nil && ip.IsLoopback() || target.Hostname() == "localhost",
		Write: func(m servermetrics.Sample) error { return lines.Write(m) },
		Begun: func() { close(begun) },
	}
	go func() { s.done <- servermetrics.Run(sampling, cfg) }()
	// What the requests change is to be between the first sample and the last; but no page may hold up the load for long.
	select {
	case <-begun:
	case <-time.After(firstSample):
		env.Say("--metrics-out: the load begins without a first sample of each page, since they take more than %v", firstSample)
	case <-ctx.Done(): // the run sees to it
	}
	return s, nil
}

// close takes the last samples.
func (s *sampler) close() error {
	if s == nil {
		return nil
	}
	s.stop()
	err := <-s.done
	if e := s.out.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fault.Fail("", "--metrics-out: %w", err)
	}
	return nil
}
