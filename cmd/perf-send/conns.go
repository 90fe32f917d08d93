package main

import (
	"cmp"
	"slices"

	"perfpipe/internal/cli"
	"perfpipe/internal/client"
	"perfpipe/internal/fault"
	"perfpipe/internal/launch"
	"perfpipe/internal/load"
)

// simulated reports whether the built-in simulator answers.
func (f *flags) simulated() bool { return len(f.URL) == 0 && !launch.Is(f.API) }

// limitConns ensures that a load point does not need more connections than there may be. Closed loops report up front
// that they do. An open loop, whose need is not known, gets as many as there may be: what waits for one of them is the
// load generator's lag, which is better than a storm of connections.
func (f *flags) limitConns(points []load.Point) error {
	files := client.Files()
	most := files.Conns(f.simulated())
	switch {
	case f.MaxConns < 0:
		return fault.Usage("", "--max-conns: %d is below 0", f.MaxConns)
	case most < 0:
		return fault.Usage("ulimit -n raises it",
			"%d files may be open, and perf-send needs %d besides its connections", files.Limit, files.Spare)
	case most > 0 && f.MaxConns > most:
		return fault.Usage("ulimit -n raises it",
			"--max-conns: %d connections need more than the %d files that may be open", f.MaxConns, files.Limit)
	}
	p := load.LimitConns(points, cmp.Or(f.MaxConns, most))
	switch {
	case p == nil:
		return nil
	case f.MaxConns > 0:
		return fault.Usage("", "--parallel: %d is more than --max-conns %d", p.Limit, f.MaxConns)
	}
	return fault.Usage("ulimit -n raises it",
		"--parallel: %d connections need more than the %d files that may be open", p.Limit, files.Limit)
}

// reportFewFiles reports that an open loop is short of connections from the start.
func (f *flags) reportFewFiles(env *cli.Env, points []load.Point) {
	open := slices.ContainsFunc(points, func(p load.Point) bool { return p.Mode == load.Open })
	if files := client.Files(); open && f.MaxConns == 0 && files.Scarce {
		env.Say("%d files may be open: an open loop has at most %d connections", files.Limit, files.Conns(f.simulated()))
		env.Hint("ulimit -n raises it")
	}
}
