package main

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"

	"perfpipe/internal/cli"

	"perfpipe/internal/client"
	"perfpipe/internal/fault"
	"perfpipe/internal/load"
)

// spareFiles is how many open files are left for what is not a connection, leastSpare how many where there are few.
const (
	spareFiles = 64
	leastSpare = 24
)

// connLimit returns how many connections the file limit leaves, and that limit; 0: no limit is known.
func connLimit() (conns, files int) {
	switch files = fileLimit(); {
	case files == 0:
		return 0, 0
	case files >= 2*spareFiles:
		return files - spareFiles, files
	}
	return max(-1, files-leastSpare), files
}

// connLimit returns those of this run: the built-in simulator has the other end of each connection.
func (f *flags) connLimit() (conns, files int) {
	conns, files = connLimit()
	if len(f.URL) == 0 && !strings.HasPrefix(f.API, "local") {
		conns /= 2
	}
	return conns, files
}

// limitConns sees to it that a load point does not need more connections than there may be. Closed loops say up front
// that they do. An open loop, whose need is not known, gets as many as there may be: what waits for one of them is the
// load generator's lag, which is better than a storm of connections.
func (f *flags) limitConns(points []load.Point) error {
	if f.MaxConns < 0 {
		return fault.Usage("", "--max-conns: %d is below 0", f.MaxConns)
	}
	most, files := f.connLimit()
	if most < 0 || files > 0 && most == 0 {
		return fault.Usage("ulimit -n raises it", "%d files may be open, and perf-send needs %d besides its connections", files, leastSpare)
	}
	if f.MaxConns > 0 {
		if most > 0 && f.MaxConns > most {
			return fault.Usage("ulimit -n raises it", "--max-conns: %d connections need more than the %d files that may be open", f.MaxConns, files)
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
			return fault.Usage("", "--parallel: %d is more than --max-conns %d", p.Limit, f.MaxConns)
		case p.Limit > most:
			return fault.Usage("ulimit -n raises it", "--parallel: %d connections need more than the %d files that may be open", p.Limit, files)
		}
	}
	return nil
}

// sayFewFiles says that an open loop is short of connections from the start.
func (f *flags) sayFewFiles(env *cli.Env, points []load.Point) {
	open := slices.ContainsFunc(points, func(p load.Point) bool { return p.Mode == load.Open })
	if most, files := f.connLimit(); open && f.MaxConns == 0 && files > 0 && files < 2*spareFiles {
		env.Say("%d files may be open: an open loop has at most %d connections", files, most)
		env.Hint("ulimit -n raises it")
	}
}

// preconnect opens the connections of a load point: one for each slot, in an open loop for the requests of a second.
func (r *runner) preconnect(ctx context.Context, p load.Point) error {
	n := p.Limit
	if p.Mode == load.Open {
		n = min(p.Limit, max(1, int(p.Rate)))
	}
	first, err := r.feed.Peek(ctx)
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
		return fault.Fail("", "--preconnect: %w", err)
	}
	runtime.GC() // what opening them left behind is as much as they are
	return nil
}
