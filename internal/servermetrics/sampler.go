package servermetrics

import (
	"context"
	"time"
)

// Sampler samples in the background until Stop.
type Sampler struct {
	stop context.CancelFunc
	done chan error
}

// Start starts a Sampler. It returns after the first sample of each page, so that what the load changes is between the
// first sample and the last. It returns earlier, with begun false, if that takes longer than wait, or if ctx ends. The
// end of ctx does not end the sampling. Start sets Config.Begun.
func Start(ctx context.Context, c Config, wait time.Duration) (s *Sampler, begun bool) {
	sampling, stop := context.WithCancel(context.WithoutCancel(ctx))
	s = &Sampler{stop, make(chan error, 1)}
	first := make(chan struct{})
	c.Begun = func() { close(first) }
	go func() { s.done <- Run(sampling, c) }()
	select {
	case <-first:
		return s, true
	case <-time.After(wait):
	case <-ctx.Done():
	}
	return s, false
}

// Stop takes the last samples and returns the error of Run.
func (s *Sampler) Stop() error {
	s.stop()
	return <-s.done
}
