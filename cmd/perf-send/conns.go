package main

import (
	"slices"
	"strings"

	"perfpipe/internal/cli"
	"perfpipe/internal/client"
	"perfpipe/internal/fault"
	"perfpipe/internal/load"
)

// conns returns how many connections the limit of open files leaves: 0 if there is no limit, less than 0 if it leaves
// none. The built-in simulator has the other end of each connection.
func (f *flags) conns(files client.OpenFiles) int {
	conns := files.Conns()
	if len(f.URL) == 0 && !strings.HasPrefix(f.API, "local") {
		if conns /= 2; conns == 0 && files.Limit > 0 {
			return -1
		}
	}
	return conns
}

// limitConns ensures that a load point does not need more connections than there may be. Closed loops say up front
// that they do. An open loop, whose need is not known, gets as many as there may be: what waits for one of them is the
// load generator's lag, which is better than a storm of connections.
func (f *flags) limitConns(points []load.Point) error {
	if f.MaxConns < 0 {
		return fault.Usage("", "--max-conns: %d is below 0", f.MaxConns)
	}
	files := client.Files()
	most := f.conns(files)
	if most < 0 {
		return fault.Usage("ulimit -n raises it",
			"%d files may be open, and perf-send needs %d besides its connections", files.Limit, files.Spare)
	}
	if f.MaxConns > 0 {
		if most > 0 && f.MaxConns > most {
			return fault.Usage("ulimit -n raises it",
				"--max-conns: %d connections need more than the %d files that may be open", f.MaxConns, files.Limit)
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
			return fault.Usage("ulimit -n raises it",
				"--parallel: %d connections need more than the %d files that may be open", p.Limit, files.Limit)
		}
	}
	return nil
}

// sayFewFiles says that an open loop is short of connections from the start.
func (f *flags) sayFewFiles(env *cli.Env, points []load.Point) {
	open := slices.ContainsFunc(points, func(p load.Point) bool { return p.Mode == load.Open })
	if files := client.Files(); open && f.MaxConns == 0 && files.Scarce {
		env.Say("%d files may be open: an open loop has at most %d connections", files.Limit, f.conns(files))
		env.Hint("ulimit -n raises it")
	}
}
