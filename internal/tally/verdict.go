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
