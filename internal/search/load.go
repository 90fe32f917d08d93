package search

import (
	"context"
	"fmt"
	"math"

	"perfpipe/internal/fault"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
)

// Load runs load points at the levels that a search chooses.
type Load struct {
	// Point returns the load point for a level. run is the number of earlier runs of the level; each run should have a
	// schedule of its own. A run with fewer measured requests than requests may stay undecided.
	Point func(level float64, run, requests int) (load.Point, error)

	// Run runs a load point and calls observe with each measured record, one call at a time. saturated is the reason why
	// it ended the point early, or "".
	Run func(ctx context.Context, p load.Point, observe func(*record.Record)) (saturated string, err error)

	Say func(format string, args ...any) // reports the result of each level
}

// Capacity searches for the highest level that meets the SLO. If it returns an error, the result is the one so far. The
// result is in doubt if the load generator was the bottleneck at the highest level that passes, or at the lowest that
// does not.
func (l *Load) Capacity(ctx context.Context, opt Options, slo *SLO) (Result, error) {
	trials := map[float64]*trial{}
	runs := map[float64]int{}
	enough, _ := slo.Needed()
	silent := 0 // successive runs without a successful request
	result, err := Find(opt, func(level float64) (Verdict, error) {
		t := trials[level]
		if t == nil {
			t = slo.newTrial()
			trials[level] = t
		}
		n := requests(level, enough)
		p, err := l.Point(level, runs[level], max(n, min(t.missing(), maxLonger*n)))
		if err != nil {
			return Unsure, err
		}
		runs[level]++
		var failure *record.Error
		served := false
		saturated, err := l.Run(ctx, p, func(rec *record.Record) {
			t.add(rec)
			if served = served || rec.OK; !rec.OK {
				failure = rec.Error
			}
		})
		if err != nil {
			return Unsure, err
		}
		if silent++; served || failure == nil {
			silent = 0
		} else if silent == maxSilent {
			return Unsure, fault.Of("search", "server-gone", "%s: no request succeeded, as in the run before: %s", p.Run,
				failure.Message)
		}
		v, why := t.verdict()
		if saturated != "" {
			v, why = Fail, saturated
		}
		t.last = v
		l.Say("%s: %v (%s)", p.Run, v, why)
		return v, nil
	})
	for _, level := range []float64{result.Best, result.Next} {
		t := trials[level]
		if t == nil {
			continue
		}
		if why := t.bottleneck(); why != "" {
			result.Doubts = append(result.Doubts,
				fmt.Sprintf("at %v the load generator was the bottleneck: %s", level, why))
		}
		if t.last == Unsure && t.missing() > 0 {
			result.Doubts = append(result.Doubts, fmt.Sprintf("%v is undecided: about %d more requests would decide",
				level, t.missing()))
		}
	}
	return result, err
}

// maxSilent is the number of successive runs without a successful request after which a search ends: the server is
// gone, or never worked, and each lower level would only take longer.
const maxSilent = 2

// maxLonger limits how many times as long as the first one another run of a level is, if its requests are correlated.
const maxLonger = 4

// requests returns the number of requests for a run of a level: 10 % more than needed for a verdict, at least 100, and
// at least ten per concurrent request or ten seconds of a rate.
func requests(level float64, needed int) int {
	return max(needed+needed/10, 100, int(math.Ceil(10*level)))
}
