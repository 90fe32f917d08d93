package bench

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"perfpipe/internal/client"
	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/load"
	"perfpipe/internal/mask"
	"perfpipe/internal/shard"
)

// check refuses a configuration that cannot be run, before anything is started, and completes the load points.
func (r *runner) check() error {
	for _, check := range []func() error{
		r.checkLimits, r.checkPages, r.checkPasses, func() error { return r.limitConns(r.Points) }, r.divide, r.checkSessions,
		func() error { return r.Search.check(r.Tell) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	if r.ClockRef != "" && !isHTTP(r.ClockRef) {
		return fault.Invalid("clock-ref", "clock-url", "%q is not an http or https URL", mask.URL(r.ClockRef))
	}
	return nil
}

// isHTTP reports whether text is the URL of a page.
func isHTTP(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func (r *runner) checkLimits() error {
	if share := r.Limits.ErrorShare; !(share >= 0 && share <= 1) {
		return fault.Invalid("max-error-rate", "share", "%v is not between 0 and 1", share)
	}
	if r.Limits.InFlight < 0 {
		return fault.Invalid("max-in-flight", "", "%d is below 0", r.Limits.InFlight)
	}
	return nil
}

// checkPages validates what is sampled of the server.
func (r *runner) checkPages() error {
	for _, u := range r.Metrics.Pages {
		if !isHTTP(u) {
			return fault.Invalid("server-metrics", "metrics-url", "%q is not an http or https URL", mask.URL(u))
		}
	}
	return nil
}

// checkPasses decides whether each point of a sweep takes all lines: if nothing bounds its requests, the first point
// would leave none to the others. That needs an input which ends, a file.
func (r *runner) checkPasses() error {
	n := len(r.Points)
	if n < 2 || r.Duration > 0 || slices.ContainsFunc(r.Points, func(p load.Point) bool { return p.Number > 0 }) {
		return nil
	}
	if r.Input.Cycle {
		return fault.Invalid("cycle", "endless", "the first point of the sweep would never end")
	}
	in, ok := r.Input.Reader.(interface{ Stat() (os.FileInfo, error) })
	if !ok || !regular(in.Stat()) {
		return fault.Invalid("number", "sweep-pipe",
			"a sweep over a pipe needs it, since the first of %d points would take all lines", n)
	}
	r.Say("each of %d points sends all lines", n)
	r.passes = true
	return nil
}

func regular(info os.FileInfo, err error) bool { return err == nil && info.Mode().IsRegular() }

// limitConns ensures that a load point does not need more connections than there may be. Closed loops report up front
// that they do. An open loop, whose need is not known, gets as many as there may be: what waits for one of them is the
// load generator's lag, which is better than a storm of connections.
func (r *runner) limitConns(points []load.Point) error {
	files := client.Files()
	most := files.Conns(r.simulates())
	switch {
	case r.MaxConns < 0:
		return fault.Invalid("max-conns", "", "%d is below 0", r.MaxConns)
	case most < 0:
		return fault.Invalid("", "open-files",
			"%d files may be open, and perf-send needs %d besides its connections", files.Limit, files.Spare)
	case most > 0 && r.MaxConns > most:
		return fault.Invalid("max-conns", "open-files",
			"%d connections need more than the %d files that may be open", r.MaxConns, files.Limit)
	}
	p := load.LimitConns(points, cmp.Or(r.MaxConns, most))
	switch {
	case p != nil && r.MaxConns > 0:
		return fault.Invalid("parallel", "", "%d is more than the limit of %d connections", p.Limit, r.MaxConns)
	case p != nil:
		return fault.Invalid("parallel", "open-files",
			"%d connections need more than the %d files that may be open", p.Limit, files.Limit)
	}
	return nil
}

// reportFewFiles reports that an open loop is short of connections from the start.
func (r *runner) reportFewFiles() {
	if files := client.Files(); r.hasOpen() && r.MaxConns == 0 && files.Scarce {
		r.Tell("", "open-files", "%d files may be open: an open loop has at most %d connections",
			files.Limit, files.Conns(r.simulates()))
	}
}

// hasOpen reports whether a load point is an open loop.
func (r *runner) hasOpen() bool {
	return slices.ContainsFunc(r.Points, func(p load.Point) bool { return p.Mode == load.Open })
}

// divide makes the points this shard's part of the run.
func (r *runner) divide() error {
	if r.Shard.Of > 1 && r.Search.adaptive() {
		return fault.Invalid("search and profile", "one-shard",
			"shards cannot search, since none sees what the others measure")
	}
	if err := shard.Divide(r.Points, r.Shard); err != nil {
		return fault.Invalid("parallel", "few-slots", "%w", err)
	}
	return nil
}

// checkSessions refuses sessions that begin midway if there are none at the beginning.
func (r *runner) checkSessions() error {
	switch {
	case !r.Sessions.Midway:
		return nil
	case r.Output.Resume:
		return fault.Invalid("session-start", "leave-out", "a resumed run does not know which requests were passed")
	case r.hasOpen():
		return fault.Invalid("session-start", "session-open", "an open loop has no sessions at its start")
	}
	return nil
}

// makeFolder creates the folder of this run, for all files that have no path of their own.
func (r *runner) makeFolder() error {
	o := &r.Output
	if o.Folder == "" {
		return nil
	}
	suffix := ""
	if r.Shard.Of > 1 {
		suffix = fmt.Sprintf("-%d", r.Shard.Index)
	}
	dir, err := facts.NewFolder(o.Folder, time.Now(), suffix)
	if err != nil {
		return fault.Of("run-dir", "", "%w", err)
	}
	r.folder = dir
	o.Records = cmp.Or(o.Records, filepath.Join(dir, facts.RecordsFile))
	o.Facts = cmp.Or(o.Facts, filepath.Join(dir, facts.FactsFile))
	if !r.simulates() {
		r.Metrics.File = cmp.Or(r.Metrics.File, filepath.Join(dir, facts.MetricsFile))
	}
	return nil
}
