package search

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"perfpipe/internal/group"
	"perfpipe/internal/saturation"
	"perfpipe/internal/stats"
)

// Ladder holds the results of load points at rising rates.
type Ladder struct {
	Knee  float64           `json:"knee"`  // requests/s; 0: none
	Rungs []saturation.Rung `json:"rungs"` // sorted by rate
}

// Knee searches for the knee. It doubles the rate, in requests/s, from start until the server is saturated or the rate
// exceeds most. Then it twice tries the rates between the best one so far and its neighbors. If it returns an error,
// the ladder holds the results so far.
func (l *Load) Knee(ctx context.Context, start, most float64) (Ladder, error) {
	var ladder Ladder
	for rate, full := start, false; !full && rate <= most; rate *= 2 {
		rung, err := l.rung(ctx, rate)
		if err != nil {
			return ladder, err
		}
		full = rung.Saturated != ""
		ladder.Rungs = append(ladder.Rungs, rung)
	}
	for range 2 {
		for _, rate := range saturation.Around(ladder.Rungs) {
			rung, err := l.rung(ctx, round(rate))
			if err != nil {
				return ladder, err
			}
			ladder.Rungs = append(ladder.Rungs, rung)
		}
		slices.SortFunc(ladder.Rungs, func(a, b saturation.Rung) int { return cmp.Compare(a.Rate, b.Rate) })
	}
	if i := saturation.Knee(ladder.Rungs); i >= 0 {
		ladder.Knee = ladder.Rungs[i].Rate
	}
	return ladder, nil
}

// round rounds v to three significant digits.
func round(v float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	return r
}

// rung runs a load point at one rate and returns its result.
func (l *Load) rung(ctx context.Context, rate float64) (saturation.Rung, error) {
	p, err := l.Point(rate, 0, requests(rate, 1))
	if err != nil {
		return saturation.Rung{}, err
	}
	all := stats.New(stats.Options{By: []group.Key{}})
	saturated, err := l.Run(ctx, p, all.Add)
	if err != nil {
		return saturation.Rung{}, err
	}
	var rung saturation.Rung
	if blocks := all.Summary().Blocks; len(blocks) > 0 {
		rung = blocks[0].Rung()
	}
	rung.Rate = rate
	if saturated != "" {
		rung.Saturated = saturated
	}
	state := "not saturated" // of a short load point, no proof that the server kept up
	if rung.Saturated != "" {
		state = "saturated"
	}
	l.Say("%s: %.4g requests/s, mean response %v: %s", p.Run, rung.Throughput,
		time.Duration(rung.Latency*float64(time.Millisecond)).Round(time.Microsecond*100), state)
	return rung, nil
}

// Describe returns the findings for a user, one line each.
func (l *Ladder) Describe() []string {
	if len(l.Rungs) == 0 {
		return nil
	}
	if l.Knee == 0 {
		return []string{fmt.Sprintf("the server does not keep up even with rate=%v", l.Rungs[0].Rate)}
	}
	lines := []string{fmt.Sprintf("rate=%v is the knee: the most throughput for its response time", l.Knee)}
	if i := l.saturated(); i >= 0 {
		lines = append(lines, fmt.Sprintf("saturated from rate=%v on: %s", l.Rungs[i].Rate, l.Rungs[i].Saturated))
	}
	return lines
}

// Saturated reports whether the server failed to keep up with one of the rates.
func (l *Ladder) Saturated() bool { return l.saturated() >= 0 }

// saturated returns the index of the lowest saturated rate, or -1.
func (l *Ladder) saturated() int {
	return slices.IndexFunc(l.Rungs, func(r saturation.Rung) bool { return r.Saturated != "" })
}
