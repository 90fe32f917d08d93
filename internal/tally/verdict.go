package tally

import (
	"time"

	"perfpipe/internal/stats"
)

// slowOutput is the shortest time in writes that can make an output slow.
const slowOutput = time.Second

// Verdict judges the load generator by the measured records. blocked is the part of the run that was spent writing
// records: an output that is busy most of the time has not delayed the load while buffers had space, but will delay a
// longer run.
func (t *Tally) Verdict(blocked, run time.Duration) stats.Verdict {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.client.Verdict()
	if u := t.unfed; u.Level == stats.Bottleneck && v.Level != u.Level || u.Level != "" && v.Level == stats.Clean {
		v = u
	}
	if v.Level == stats.Clean && blocked > slowOutput && blocked > run/2 {
		return stats.SlowOutput(blocked, run)
	}
	return v
}

// Unfed notes that the input had no request line at the end of a load point, for a part of its duration.
func (t *Tally) Unfed(part, duration time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v := stats.SlowInput(part, duration); v.Level != stats.Clean && t.unfed.Level != stats.Bottleneck {
		t.unfed = v
	}
}

// conns counts the late requests of open loops, and those that were late while all connections were in use.
type conns struct {
	limit     int64 // of the load point; 0: it is not an open loop
	late, all int64
}

// lateMs is the lag in ms from which a request is late.
const lateMs = 5

func (c *conns) add(lagMs float64, inFlight int64) {
	if c.limit == 0 || lagMs < lateMs {
		return
	}
	c.late++
	if inFlight >= c.limit-1 { // the request may have left already
		c.all++
	}
}

// Begin begins a load point: connLimit is the connection limit of an open loop, or 0.
func (t *Tally) Begin(connLimit int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conns.limit = int64(connLimit)
}

// ConnLimit returns the connection limit if most late requests found all connections in use, else 0.
func (t *Tally) ConnLimit() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if 2*t.conns.all <= t.conns.late {
		return 0
	}
	return int(t.conns.limit)
}
