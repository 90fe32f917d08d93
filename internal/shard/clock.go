package shard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Clock is how far the clock of this machine is ahead of that of a server, between two bounds.
type Clock struct {
	Ref    string  `json:"ref"` // URL of the server
	LeastS float64 `json:"ahead_least_s"`
	MostS  float64 `json:"ahead_most_s"`
	Looks  int     `json:"looks"` // requests
}

const (
	clockLooks   = 12
	clockPause   = time.Second / clockLooks * 13 / 12 // so that looks fall on different parts of the second
	clockTimeout = 5 * time.Second
	clockDiffers = 50 * time.Millisecond
)

// ErrNoDate reports a server whose answers have no Date.
var ErrNoDate = errors.New("sends no Date")

// MeasureClock compares the clock with the Date header of the answers of url, whatever their status. It takes about a
// second.
func MeasureClock(ctx context.Context, rt http.RoundTripper, url string) (*Clock, error) {
	var s skew
	for i := range clockLooks {
		if i > 0 {
			select {
			case <-time.After(clockPause):
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		if err := s.look(ctx, rt, url); err != nil {
			return nil, err
		}
	}
	return &Clock{url, s.least.Seconds(), s.most.Seconds(), s.looks}, nil
}

// String describes the offset.
func (c *Clock) String() string {
	if c.LeastS > c.MostS {
		return fmt.Sprintf("the Date of %s is not that of a single clock", c.Ref)
	}
	mid, half := (c.LeastS+c.MostS)/2*1000, (c.MostS-c.LeastS)/2*1000
	return fmt.Sprintf("%+.0f ± %.0f ms from that of %s", mid, half, c.Ref)
}

// Differs reports whether the clocks surely differ by more than 50 ms.
func (c *Clock) Differs() bool {
	limit := clockDiffers.Seconds()
	return c.LeastS <= c.MostS && (c.LeastS > limit || c.MostS < -limit)
}

// skew narrows down how far this clock is ahead of another one that shows whole seconds, as HTTP's Date does. An answer
// with Date d to a request that was sent at s and received at r means that the other clock was within [d, d+1) at some
// time between, so this one is ahead by more than s − d − 1 and at most r − d. Looks at different parts of the second
// narrow the range to the time that a request takes.
type skew struct {
	least, most time.Duration
	looks       int
}

// look sends one request.
func (s *skew) look(ctx context.Context, rt http.RoundTripper, url string) error {
	ctx, cancel := context.WithTimeout(ctx, clockTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return err
	}
	sent := time.Now()
	resp, err := rt.RoundTrip(req)
	received := time.Now()
	if err != nil {
		return err
	}
	resp.Body.Close()
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return fmt.Errorf("%s %w", url, ErrNoDate)
	}
	s.add(sent, received, date)
	return nil
}

func (s *skew) add(sent, received, date time.Time) {
	least, most := sent.Sub(date)-time.Second, received.Sub(date)
	if s.looks++; s.looks == 1 {
		s.least, s.most = least, most
		return
	}
	s.least, s.most = max(s.least, least), min(s.most, most)
}
