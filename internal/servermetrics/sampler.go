package servermetrics

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"
)

// SetServer completes c for a server: each URL counts once, and without any they are the pages on which the server has
// metrics, and GPUs is set if the server is on this machine. The error is why there are none; an answer may take as
// long as wait.
func (c *Config) SetServer(ctx context.Context, server *url.URL, wait time.Duration) error {
	ip := net.ParseIP(server.Hostname())
	c.GPUs = ip != nil && ip.IsLoopback() || server.Hostname() == "localhost"
	if len(c.URLs) > 0 {
		c.URLs = slices.Compact(slices.Sorted(slices.Values(c.URLs)))
		return nil
	}
	ask := func(path string) (page string, s Sample) {
		page = (&url.URL{Scheme: server.Scheme, Host: server.Host, Path: path}).String()
		s, _ = scrape(ctx, c.Client, page, wait)
		return page, s
	}
	page, s := ask("/metrics")
	first := fmt.Errorf("%s: %s", page, s.Error)
	if s.Error != "" { // trtllm-serve has JSON there
		page, s = ask("/prometheus/metrics")
	}
	if s.Error != "" {
		return first
	}
	c.URLs = []string{page}
	if s.Server == "trtllm" {
		if page, s := ask("/energy_metrics"); s.Error == "" {
			c.URLs = append(c.URLs, page)
		}
	}
	return nil
}

// Sampler samples in the background until Stop.
type Sampler struct {
	stop context.CancelFunc
	done chan error
	now  []chan chan<- struct{} // of each page
}

// Start starts a Sampler. It returns after the first sample of each page, so that what the load changes is between the
// first sample and the last. It returns earlier, with begun false, if that takes longer than wait, or if ctx ends. The
// end of ctx does not end the sampling.
func Start(ctx context.Context, c Config, wait time.Duration) (s *Sampler, begun bool) {
	sampling, stop := context.WithCancel(context.WithoutCancel(ctx))
	s = &Sampler{stop, make(chan error, 1), nil}
	for range c.URLs {
		s.now = append(s.now, make(chan chan<- struct{}))
	}
	first := make(chan struct{})
	go func() { s.done <- sample(sampling, c, s.now, func() { close(first) }) }()
	select {
	case <-first:
		return s, true
	case <-time.After(wait):
	case <-ctx.Done():
	}
	return s, false
}

// Sample samples each page between two intervals, so that the totals of what comes next begin here. It returns when the
// samples are there, or earlier if that takes longer than wait or ctx ends.
func (s *Sampler) Sample(ctx context.Context, wait time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	took := make(chan struct{}, len(s.now))
	for _, now := range s.now {
		select {
		case now <- took:
		case <-ctx.Done():
			return
		}
	}
	for range s.now {
		select {
		case <-took:
		case <-ctx.Done():
			return
		}
	}
}

// Stop takes the last samples and returns the error of Config.Write.
func (s *Sampler) Stop() error {
	s.stop()
	return <-s.done
}
