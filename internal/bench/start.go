package bench

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"os"
	"time"

	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/mask"
	"perfpipe/internal/shard"
)

// schedule sets the start of the points: the first at StartAt, each other one when the one before must be over.
func (r *runner) schedule(ctx context.Context) error {
	if r.StartAt == "" {
		return nil
	}
	at, err := shard.StartTime(ctx, r.StartAt)
	switch {
	case errors.Is(err, shard.ErrInstant):
		return fault.Invalid("start-at", "instant", "%w", err)
	case err != nil && ctx.Err() == nil:
		return fault.Of("start-at", "", "%w", err)
	case err != nil:
		return err
	}
	if late := time.Since(at); late > 0 {
		r.Tell("start-at", "", "was %v ago: requests that were due since then are sent at once", late.Round(time.Millisecond))
	} else {
		r.Say("starts at %s, in %v", at.Format(time.RFC3339Nano), (-late).Round(time.Millisecond))
	}
	shard.Schedule(r.Points, at, r.Duration+r.Pause)
	return nil
}

// nameRun sets the id that all records of the run carry. The shards of a run share it.
func (r *runner) nameRun() {
	id := cmp.Or(r.RunID, facts.RunID(shard.RunKey(os.Getenv, r.Shard.Of, r.Points)))
	r.engine.RunID, r.report.RunID = id, id
	if r.engine.Sent.RunID == id { // the same run, by its name
		r.engine.Sent.RunID = ""
	}
	r.report.Continues = r.engine.Sent.RunID
}

// compareClocks compares the clock with that of ClockRef, or that of a shard with its server's.
func (r *runner) compareClocks(ctx context.Context, server *url.URL) error {
	ref := r.ClockRef
	if ref == "" {
		if r.Shard.Of <= 1 || r.simulates() || r.Client.Network.Unix != "" {
			return nil
		}
		ref = (&url.URL{Scheme: server.Scheme, Host: server.Host, Path: "/"}).String()
	}
	c, err := shard.MeasureClock(ctx, r.client.Pages(nil).Transport, ref)
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && r.ClockRef == "": // nobody asked
		return nil
	case errors.Is(err, shard.ErrNoDate):
		return fault.Of("clock-ref", "no-date", "%w", err)
	case err != nil:
		return fault.Of("clock-ref", "", "%w", err)
	}
	reason := ""
	if c.Differs() {
		reason = "clocks-differ"
	}
	r.Tell("", reason, "clock: %s", c)
	r.report.Clock = c
	return nil
}

// reportRoute reports the proxies between this process and the servers, and addresses that are not used.
func (r *runner) reportRoute(servers []*url.URL) error {
	for _, addr := range r.client.Unmatched() {
		r.Tell("resolve", "", "no connection is made to %s: the address given for it is not used", addr)
	}
	reported := map[string]bool{}
	for _, u := range servers {
		proxy, from, err := r.client.Proxy(u)
		if err != nil {
			return fault.Usage("it looks like http://host:3128 or socks5://host:1080; NO_PROXY="+u.Hostname()+" goes without",
				"%w", err)
		}
		if proxy != nil && !reported[u.Host] {
			reported[u.Host] = true
			r.Say("requests to %s go through the proxy %s (%s)", u.Host, mask.URL(proxy.String()), from)
			if addr := r.client.Unresolved(u); addr != "" {
				r.Say("the proxy connects to %s by name: the address given for it is not used", addr)
			}
		}
	}
	return nil
}
