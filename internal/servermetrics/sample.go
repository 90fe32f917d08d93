// Package servermetrics samples what inference servers and machines report about themselves while they are under load:
// every series of Prometheus pages, such as those of vLLM, SGLang, gateways and NVIDIA's DCGM exporter, and the power
// and energy of this machine by nvidia-smi, amd-smi and RAPL. Start writes samples, Read reads them back, and
// Summarize reduces those of a stretch of time to a Window.
package servermetrics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"perfpipe/internal/mask"
	"perfpipe/internal/prompage"
)

// Sample is what one source reported at one instant; one line of a metrics file. docs/server-metrics.md describes the
// keys.
type Sample struct {
	AtUs   int64  `json:"at_us"`  // when the answer had been read, µs since the epoch, on the clock of the records
	Source string `json:"source"` // the URL, or "nvidia-smi", "amd-smi" or "rapl"
	Server string `json:"server,omitempty"`
	// Metrics are gauges and totals, with the same names for all servers. Those that the server does not report are
	// absent.
	Metrics        map[string]float64 `json:"metrics,omitempty"`
	GPUs           []GPU              `json:"gpus,omitempty"`
	Meters         []Meter            `json:"meters,omitempty"`
	prompage.Delta                    // every series of the page, as far as it changed
	Error          string             `json:"error,omitempty"` // why there is no value
}

// GPU is one device. Values that were not reported are nil.
type GPU struct {
	Index          int      `json:"index"`
	UUID           string   `json:"uuid,omitempty"`
	Name           string   `json:"name,omitempty"`
	Utilization    *float64 `json:"utilization,omitempty"` // share of time in which a kernel ran, 0 to 1
	MemoryUsedMiB  *float64 `json:"memory_used_mib,omitempty"`
	MemoryTotalMiB *float64 `json:"memory_total_mib,omitempty"`
	PowerW         *float64 `json:"power_w,omitempty"`
	EnergyJ        *float64 `json:"energy_j,omitempty"` // since some time in the past, such as the driver's start
}

// Meter is an energy counter that belongs to no single GPU.
type Meter struct {
	Name    string  `json:"name"`              // such as package-0
	Of      string  `json:"of"`                // cpu, or gpus: all of a server's together
	EnergyJ float64 `json:"energy_j"`          // since some time in the past
	RangeJ  float64 `json:"range_j,omitempty"` // at which it begins again at 0; 0 is unknown
}

// Config holds the options of Start. Only Write is required.
type Config struct {
	URLs     []string      // Prometheus pages: a server's /metrics, a DCGM exporter's
	GPUs     bool          // sample the GPUs and CPUs of this machine, if something reports them
	Interval time.Duration // between samples; 0: one second
	Write    func(Sample) error
	Client   *http.Client // nil: one without a proxy
}

const (
	defaultInterval = time.Second
	maxPage         = 8 << 20 // bytes; real pages have some 100 KB, and a page takes thirty times its size while parsed
)

// sample samples each source at once, then at every interval until ctx ends, and once more at the end, so that totals
// cover the whole run. It samples a page between intervals for each value from its channel in now, which may be nil,
// and answers it. It calls begun when each page has been sampled once. The samples of a source that fails have an
// Error. sample returns the error of Write.
func sample(ctx context.Context, cfg Config, now []chan chan<- struct{}, begun func()) error {
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
	names := map[string]int{}
	for i, u := range cfg.URLs {
		var mine <-chan chan<- struct{}
		if now != nil {
			mine = now[i]
		}
		source := mask.URL(u)
		if names[source]++; names[source] > 1 { // they differ in a secret
			source += "#" + strconv.Itoa(names[source])
		}
		sources.Go(func() { r.scrape(ctx, u, source, mine) })
	}
	sources.Go(func() { r.firsts.Wait(); begun() })
	if cfg.GPUs {
		sources.Go(func() { r.watchGPUs(ctx) })
		sources.Go(func() { r.watchAMD(ctx) })
		sources.Go(func() { r.watchCPUs(ctx, powercap) })
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

// repeat calls take at once, then at every interval until ctx ends or take returns false, and once more at the end of
// ctx.
func repeat(ctx context.Context, interval time.Duration, take func() bool) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for take() && ctx.Err() == nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// scrape samples one page until ctx ends. Source is its name in the samples.
func (r *run) scrape(ctx context.Context, url, source string, now <-chan chan<- struct{}) {
	tick := time.NewTicker(r.Interval)
	defer tick.Stop()
	var series prompage.Encoder
	ask := func() {
		s, page := scrape(context.WithoutCancel(ctx), r.Client, url, max(r.Interval, 5*time.Second))
		s.AtUs, s.Source = r.now(), source
		if page != nil {
			s.Delta = series.Encode(page)
		}
		r.write(s)
	}
	ask()
	r.firsts.Done()
	for last := false; !last; {
		var took chan<- struct{}
		select {
		case <-tick.C:
		case took = <-now:
		case <-ctx.Done():
		}
		last = ctx.Err() != nil
		ask()
		if took != nil {
			took <- struct{}{} // it has space for all pages
		}
	}
}

// scrape samples a page once. The sample has the Error, if there is one; its AtUs and its Delta are not set.
func scrape(ctx context.Context, c *http.Client, url string, timeout time.Duration) (Sample, families) {
	s := Sample{Source: mask.URL(url)}
	var page families
	body, err := get(ctx, c, url, timeout)
	switch {
	case err != nil:
	case bytes.HasPrefix(body, []byte("{")):
		s.Meters, err = parseEnergy(body)
	default:
		page, err = parse(bytes.NewReader(body))
		s.fill(page)
	}
	if err != nil {
		s.Error = err.Error()
	}
	return s, page
}

// get returns the body of a page.
func get(ctx context.Context, c *http.Client, url string, timeout time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4;q=1,*/*;q=0.1")
	resp, err := c.Do(req)
	if err != nil {
		return nil, errors.Unwrap(err) // the Source has the URL
	}
	defer resp.Body.Close()
	if to := resp.Header.Get("Location"); resp.StatusCode/100 == 3 && to != "" {
		return nil, fmt.Errorf("HTTP %d: redirected to %s", resp.StatusCode, mask.URL(to))
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPage+1))
	if err == nil && len(body) > maxPage {
		return nil, fmt.Errorf("the page is longer than %d bytes", maxPage)
	}
	return body, err
}
