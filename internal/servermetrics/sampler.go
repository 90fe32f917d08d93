package servermetrics

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"time"
)

// SetServer completes c for a server: without URLs, they are the server's /metrics if that has metrics, and GPUs is set
// if the server is on this machine. The error is why /metrics has none; an answer may take as long as wait.
func (c *Config) SetServer(ctx context.Context, server *url.URL, wait time.Duration) error {
	ip := net.ParseIP(server.Hostname())
	c.GPUs = ip != nil && ip.IsLoopback() || server.Hostname() == "localhost"
	if len(c.URLs) > 0 {
		return nil
	}
	page := (&url.URL{Scheme: server.Scheme, Host: server.Host, Path: "/metrics"}).String()
	if s := scrape(ctx, c.Client, page, wait); s.Error != "" {
		return fmt.Errorf("%s: %s", page, s.Error)
	}
	c.URLs = []string{page}
	return nil
}

// Sampler samples in the background until Stop.
type Sampler struct {
	stop context.CancelFunc
	done chan error
}

// Start starts a Sampler. It returns after the first sample of each page, so that what the load changes is between the
// first sample and the last. It returns earlier, with begun false, if that takes longer than wait, or if ctx ends. The
// end of ctx does not end the sampling.
func Start(ctx context.Context, c Config, wait time.Duration) (s *Sampler, begun bool) {
	sampling, stop := context.WithCancel(context.WithoutCancel(ctx))
	s = &Sampler{stop, make(chan error, 1)}
	first := make(chan struct{})
	go func() { s.done <- sample(sampling, c, func() { close(first) }) }()
	select {
	case <-first:
		return s, true
	case <-time.After(wait):
	case <-ctx.Done():
	}
	return s, false
}

// Stop takes the last samples and returns the error of Config.Write.
func (s *Sampler) Stop() error {
	s.stop()
	return <-s.done
}
