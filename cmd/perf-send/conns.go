package main

import (
	"context"
	"errors"
	"io"
	"runtime"

	"llmperf/internal/cli"
	"llmperf/internal/client"
	"llmperf/internal/load"
)

// spareFiles is how many open files are left for what is not a connection.
const spareFiles = 64

// limitConns sees to it that a load point does not need more connections than there may be. Closed loops say up front
// that they do. An open loop, whose need is not known, gets as many as there may be: what waits for one of them is the
// load generator's lag, which is better than a storm of connections.
func (f *flags) limitConns(points []load.Point) error {
	if f.MaxConns < 0 {
		return cli.Usage("", "--max-conns: %d is below 0", f.MaxConns)
	}
	most := fileLimit() - spareFiles
	if f.MaxConns > 0 {
		if most > 0 && f.MaxConns > most {
			return cli.Usage("ulimit -n raises it", "--max-conns: %d connections need more than the %d files that may be open", f.MaxConns, most+spareFiles)
		}
		most = f.MaxConns
	}
	if most <= 0 {
		return nil
	}
	for i := range points {
		p := &points[i]
		switch {
		case p.Mode == load.Open:
			p.Limit = most
		case p.Limit > most && f.MaxConns > 0:
			return cli.Usage("", "--parallel: %d is more than --max-conns %d", p.Limit, f.MaxConns)
		case p.Limit > most:
			return cli.Usage("ulimit -n raises it", "--parallel: %d connections need more than the %d files that may be open", p.Limit, most+spareFiles)
		}
	}
	return nil
}

// preconnect opens the connections of a load point: one for each slot, in an open loop for the requests of a second.
func (r *runner) preconnect(ctx context.Context, p load.Point) error {
	n := p.Limit
	if p.Mode == load.Open {
		n = min(p.Limit, max(1, int(p.Rate)))
	}
	first, err := r.source.Peek(ctx)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	switch err := r.client.Preconnect(ctx, first, n); {
	case errors.Is(err, client.ErrNoPreconnect):
		r.env.Say("--preconnect: left out: %v", err)
		r.f.Preconnect = false
	case err != nil:
		return cli.Fail("", "--preconnect: %w", err)
	}
	runtime.GC() // what opening them left behind is as much as they are
	return nil
}
