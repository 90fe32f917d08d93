// Package servermetrics samples what inference servers and GPUs report about themselves while they are under load: the
// Prometheus pages of vLLM, SGLang, TGI, llama.cpp and NVIDIA's DCGM exporter, and nvidia-smi. Start writes samples,
// Read reads them back, and Summarize reduces those of a stretch of time to a Window.
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

// Sample is what one source reported at one instant; one line of a metrics file. docs/server-metrics.md describes the
// keys.
type Sample struct {
	AtUs   int64  `json:"at_us"`  // when the answer had been read, µs since the epoch, on the clock of the records
	Source string `json:"source"` // the URL, or "nvidia-smi"
	Server string `json:"server,omitempty"`
	// Metrics are gauges and totals, with the same names for all servers. Those that the server does not report are
	// absent.
	Metrics map[string]float64 `json:"metrics,omitempty"`
	GPUs    []GPU              `json:"gpus,omitempty"`
	Error   string             `json:"error,omitempty"` // why there is no value
}

// GPU is one device. Values that were not reported are nil.
type GPU struct {
	Index          int      `json:"index"`
	Name           string   `json:"name,omitempty"`
	Utilization    *float64 `json:"utilization,omitempty"` // share of time in which a kernel ran, 0 to 1
	MemoryUsedMiB  *float64 `json:"memory_used_mib,omitempty"`
	MemoryTotalMiB *float64 `json:"memory_total_mib,omitempty"`
	PowerW         *float64 `json:"power_w,omitempty"`
}

// Config holds the options of Start. Only Write is required.
type Config struct {
	URLs     []string      // Prometheus pages: a server's /metrics, a DCGM exporter's
	GPUs     bool          // run nvidia-smi, if it is installed
	Interval time.Duration // between samples; 0: one second
	Write    func(Sample) error
	Client   *http.Client // nil: one without a proxy
}

const (
	defaultInterval = time.Second
	maxPage         = 64 << 20 // bytes
)

// sample samples each source at once, then at every interval until ctx ends, and once more at the end, so that totals
// cover the whole run. It calls begun when each page has been sampled once. The samples of a source that fails have an
// Error. sample returns the error of Write.
func sample(ctx context.Context, cfg Config, begun func()) error {
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
	sources.Go(func() { r.firsts.Wait(); begun() })
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
	firsts sync.WaitGroup // the first samples of the pages

	mu     sync.Mutex // held while Write runs
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

// scrape samples one page until ctx ends.
func (r *run) scrape(ctx context.Context, url string) {
	tick := time.NewTicker(r.Interval)
	defer tick.Stop()
	ask := func() {
		s := scrape(context.WithoutCancel(ctx), r.Client, url, max(r.Interval, 5*time.Second))
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

// scrape samples a page once. The sample has the Error, if there is one; its AtUs is not set.
func scrape(ctx context.Context, c *http.Client, url string, timeout time.Duration) Sample {
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
		return fail(errors.Unwrap(err)) // the Source has the URL
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
