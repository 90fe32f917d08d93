package main

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"perfpipe/internal/cli"

	"perfpipe/internal/client"
	"perfpipe/internal/fault"
)

// clockFacts is how far this machine's clock is ahead of a server's: between two bounds.
type clockFacts struct {
	Ref    string  `json:"ref"`
	LeastS float64 `json:"ahead_least_s"`
	MostS  float64 `json:"ahead_most_s"`
	Looks  int     `json:"looks"`
}

// skew narrows down how far this clock is ahead of another one that shows whole seconds, as HTTP's Date does. A Date of
// second d in an answer that was asked for at s and had at r means that the other clock was within [d, d+1) at some time
// between, so that this one is ahead by more than s − d − 1 and at most r − d. Looks at different parts of the second
// narrow it to the time that a request takes.
type skew struct {
	least, most time.Duration
	looks       int
}

func (k *skew) add(sent, received, date time.Time) {
	least, most := sent.Sub(date)-time.Second, received.Sub(date)
	if k.looks++; k.looks == 1 {
		k.least, k.most = least, most
		return
	}
	k.least, k.most = max(k.least, least), min(k.most, most)
}

const (
	clockLooks   = 12
	clockPause   = time.Second / clockLooks * 13 / 12 // so that looks fall on different parts of the second
	clockTimeout = 5 * time.Second
	clockMuch    = 50 * time.Millisecond // more is said to be wrong
)

// measureClock looks at the Date of url's answers, whatever they are.
func measureClock(ctx context.Context, rt http.RoundTripper, url string) (*clockFacts, error) {
	var k skew
	for i := range clockLooks {
		if i > 0 {
			select {
			case <-time.After(clockPause):
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		look, cancel := context.WithTimeout(ctx, clockTimeout)
		req, err := http.NewRequestWithContext(look, http.MethodHead, url, nil)
		if err != nil {
			cancel()
			return nil, fault.Usage("it looks like http://127.0.0.1:8000/", "--clock-ref: %w", err)
		}
		sent := time.Now()
		resp, err := rt.RoundTrip(req)
		received := time.Now()
		cancel()
		if err != nil {
			return nil, fault.Fail("", "--clock-ref: %w", err)
		}
		resp.Body.Close()
		date, err := http.ParseTime(resp.Header.Get("Date"))
		if err != nil {
			return nil, fault.Fail("a server that sends Date is needed", "--clock-ref: %s tells no time", url)
		}
		k.add(sent, received, date)
	}
	return &clockFacts{url, k.least.Seconds(), k.most.Seconds(), k.looks}, nil
}

// tell says what is known of the clock, if it was asked for or is worth it.
func (c *clockFacts) tell(env *cli.Env) {
	mid, half := (c.LeastS+c.MostS)/2*1000, (c.MostS-c.LeastS)/2*1000
	if c.LeastS > c.MostS {
		env.Say("clock: the Date of %s goes back and forth: it is not one clock", c.Ref)
		return
	}
	env.Say("clock: %+.0f ± %.0f ms from that of %s", mid, half, c.Ref)
	if much := clockMuch.Seconds(); c.LeastS > much || c.MostS < -much {
		env.Hint("clocks that differ make the shards' times differ as much: let NTP or PTP set them")
	}
}

// clock looks at the clock where --clock-ref asks for it, or this is a shard and its server may tell.
func (r *runner) clock(ctx context.Context, server *url.URL, network client.Network) error {
	ref := r.f.ClockRef
	if ref == "" {
		if r.f.part.Of <= 1 || r.simulated || network.Unix != "" {
			return nil
		}
		ref = (&url.URL{Scheme: server.Scheme, Host: server.Host, Path: "/"}).String()
	}
	c, err := measureClock(ctx, r.client.Pages(nil).Transport, ref)
	switch {
	case err != nil && r.f.ClockRef == "" && ctx.Err() == nil: // nobody asked
		return nil
	case err != nil:
		return err
	}
	c.tell(r.env)
	r.facts.Clock = c
	return nil
}
