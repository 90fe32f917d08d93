package bench

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"slices"
	"time"

	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/servermetrics"
)

// Metrics describes what is sampled of the server while it is under load.
type Metrics struct {
	File     string            // of the samples; "": none are taken
	Pages    []string          // URLs; none: that of the server, if it answers
	Headers  map[string]string // for pages of other origins than the server
	Interval time.Duration
}

// The load waits at most this long for the first samples, and for those at the edges of a measured phase.
const (
	firstSample = 5 * time.Second
	edgeSample  = 2 * time.Second
)

// sample starts to write the metrics, and lets each measured phase begin with samples of its own. Stop takes the last
// samples.
func (r *runner) sample(ctx context.Context, server *url.URL) (stop func() error, err error) {
	m := &r.Metrics
	if m.File == "" {
		return func() error { return nil }, nil
	}
	if r.Shard.Index > 0 { // the metrics are those of the server, whichever shard asks
		r.Tell("metrics-out", "", "left to shard 0")
		return func() error { return nil }, nil
	}
	cfg := servermetrics.Config{URLs: m.Pages, Client: r.client.Pages(m.Headers), Interval: m.Interval}
	if err := cfg.SetServer(ctx, server, firstSample); err != nil {
		r.Say("the server has no metrics to sample: %v", err)
	}
	out, err := r.Output.openLines(r.Metrics.File)
	if err != nil {
		return nil, fault.Of("metrics-out", "", "%w", err)
	}
	lines := jsonl.NewWriter(out)
	sources := map[string]*sampled{}
	cfg.Write = func(m servermetrics.Sample) error {
		if sources[m.Source] == nil {
			sources[m.Source] = new(sampled)
		}
		sources[m.Source].add(m.Error)
		return lines.Write(m)
	}
	s, begun := servermetrics.Start(ctx, cfg, firstSample)
	if !begun && ctx.Err() == nil {
		r.Tell("metrics-out", "",
			"the load begins without a first sample of each page, since they take more than %v", firstSample)
	}
	r.sampler = s
	return func() error {
		if err := cmp.Or(s.Stop(), out.Close()); err != nil {
			return fault.Of("metrics-out", "", "%w", err)
		}
		for _, name := range slices.Sorted(maps.Keys(sources)) {
			if s := sources[name]; s.failed > 0 {
				r.Tell("metrics-out", "", "%s: %d of %d samples failed: %s", name, s.failed, s.all, s.why)
			}
		}
		return nil
	}, nil
}

// sampled counts the samples of a source.
type sampled struct {
	all, failed int
	why         string // the last one that failed did
}

func (s *sampled) add(err string) {
	if s.all++; err != "" {
		s.failed++
		s.why = err
	}
}
