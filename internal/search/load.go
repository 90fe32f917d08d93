package search

import (
	"context"
	"math"

	"perfpipe/internal/load"
	"perfpipe/internal/record"
)

// Load runs load points at the levels that a search chooses.
type Load struct {
	// Point returns the load point of a level. Run counts the earlier runs of the level: each needs another schedule.
	// A run of fewer measured requests than requests may stay undecided.
	Point func(level float64, run, requests int) (load.Point, error)

	// Run runs a load point and calls observe with each measured record, one call at a time. Saturated is why it ended
	// the point early, or "".
	Run func(ctx context.Context, p load.Point, observe func(*record.Record)) (saturated string, err error)

	Say func(format string, args ...any) // reports what each level showed
}

// Capacity looks for the highest level that meets the SLO. The result is what is known so far, also with an error.
func (l *Load) Capacity(ctx context.Context, opt Options, slo *SLO) (Result, error) {
	trials := map[float64]*trial{}
	runs := map[float64]int{}
	return Find(opt, func(level float64) (Verdict, error) {
		t := trials[level]
		if t == nil {
			t = slo.newTrial()
			trials[level] = t
		}
		p, err := l.Point(level, runs[level], requests(level, t.needed()))
		if err != nil {
			return Unsure, err
		}
		runs[level]++
		saturated, err := l.Run(ctx, p, t.add)
		if err != nil {
			return Unsure, err
		}
		v, why := t.verdict()
		if saturated != "" {
			v, why = Fail, saturated
		}
		l.Say("%s: %v (%s)", p.Run, v, why)
		return v, nil
	})
}

// requests returns how many requests a run of a level should have: a tenth more than decide, at least 100, and at least
// ten for each slot or ten seconds of a rate.
func requests(level float64, needed int) int {
	return max(needed+needed/10, 100, int(math.Ceil(10*level)))
}
