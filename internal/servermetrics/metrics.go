// Package metrics samples what a server and the machine's GPUs say about themselves while they are under load.
package servermetrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"perfpipe/internal/mask"
)

// Sample is one line of --metrics-out: what one source said at one instant. docs/server-metrics.md explains the keys.
type Sample struct {
	AtUs   int64  `json:"at_us"`  // when the answer was there, µs since the epoch, on the clock of the records
	Source string `json:"source"` // the URL, or nvidia-smi
	Server string `json:"server,omitempty"`
	// Metrics are gauges and totals under one name for all servers; what a server does not say is missing.
	Metrics map[string]float64 `json:"metrics,omitempty"`
	GPUs    []GPU              `json:"gpus,omitempty"`
	Error   string             `json:"error,omitempty"` // why there is nothing else
}

// GPU is one device. What is missing was not said.
type GPU struct {
	Index          int      `json:"index"`
	Name           string   `json:"name,omitempty"`
	Utilization    *float64 `json:"utilization,omitempty"` // share of time in which a kernel ran, 0 to 1
	MemoryUsedMiB  *float64 `json:"memory_used_mib,omitempty"`
	MemoryTotalMiB *float64 `json:"memory_total_mib,omitempty"`
	PowerW         *float64 `json:"power_w,omitempty"`
}

// Config says what to sample. Only Write must be given.
type Config struct {
	URLs     []string      // Prometheus pages: a server's /metrics, a DCGM exporter's
	GPUs     bool          // ask nvidia-smi, where there is one
	Interval time.Duration // 0 is a second
	Write    func(Sample) error
	Client   *http.Client // nil is one that uses no proxy
	Begun    func()       // called when each page was asked once; nil: nobody waits for that
}

const (
	defaultInterval = time.Second
	maxPage         = 64 << 20
)

// Run samples at once and then at every interval until ctx ends, each source on its own, and takes a last sample at the
// end, so that totals cover the whole run. A source that fails gives samples with an Error. The error is Write's.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Interval <= 0 {
		cfg.Interval = defaultInterval
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	}
	anchor := time.Now()
	r := &run{Config: cfg, now: func() int64 { return anchor.UnixMicro() + time.Since(anchor).Microseconds() }}
	ctx, r.cancel = context.WithCancelCause(ctx)
	defer r.cancel(nil)
	var sources sync.WaitGroup
	r.firsts.Add(len(cfg.URLs))
	for _, u := range cfg.URLs {
		sources.Go(func() { r.scrape(ctx, u) })
	}
	if cfg.Begun != nil {
		sources.Go(func() { r.firsts.Wait(); cfg.Begun() })
	}
	if cfg.GPUs {
		sources.Go(func() { r.watchGPUs(ctx) })
	}
	sources.Wait()
	return r.failed
}

type run struct {
	Config
	now    func() int64
	cancel context.CancelCauseFunc
	firsts sync.WaitGroup // the pages that were not asked yet

	mu     sync.Mutex // held by whoever writes
	failed error
}

func (r *run) write(s Sample) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil {
		return
	}
	if err := r.Write(s); err != nil {
		r.failed = err
		r.cancel(err)
	}
}

// scrape asks one page again and again.
func (r *run) scrape(ctx context.Context, url string) {
	tick := time.NewTicker(r.Interval)
	defer tick.Stop()
	ask := func() {
		s := Scrape(context.WithoutCancel(ctx), r.Client, url, max(r.Interval, 5*time.Second))
		s.AtUs = r.now()
		r.write(s)
	}
	ask()
	r.firsts.Done()
	for last := false; !last; {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
		last = ctx.Err() != nil
		ask()
	}
}

// Scrape asks a page once. What goes wrong is in the Error of the sample, whose AtUs is not set.
func Scrape(ctx context.Context, c *http.Client, url string, timeout time.Duration) Sample {
	s := Sample{Source: mask.URL(url)}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	fail := func(err error) Sample {
		s.Error = err.Error()
		return s
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fail(err)
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4;q=1,*/*;q=0.1")
	resp, err := c.Do(req)
	if err != nil {
		return fail(errors.Unwrap(err)) // the URL stands in Source already
	}
	defer resp.Body.Close()
	if to := resp.Header.Get("Location"); resp.StatusCode/100 == 3 && to != "" {
		return fail(fmt.Errorf("HTTP %d: redirected to %s", resp.StatusCode, mask.URL(to)))
	}
	if resp.StatusCode != http.StatusOK {
		return fail(fmt.Errorf("HTTP %d", resp.StatusCode))
	}
	s.Server, s.Metrics, s.GPUs, err = parse(io.LimitReader(resp.Body, maxPage))
	if err != nil {
		return fail(err)
	}
	if s.Metrics == nil && s.GPUs == nil {
		return fail(errors.New("it has none of the metrics known here"))
	}
	return s
}
