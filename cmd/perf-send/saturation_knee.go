package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"perfpipe/internal/saturation"
)

// kneeFacts is what a ladder of rates showed, in --facts-out.
type kneeFacts struct {
	Knee  float64           `json:"knee"` // rate; 0: none
	Rungs []saturation.Rung `json:"rungs"`
}

// knee raises the rate until the server is saturated, looks around the best rate so far, and marks the knee.
func (r *runner) knee(ctx context.Context) error {
	facts := new(kneeFacts)
	r.facts.Knee = facts
	rate, most := cmp.Or(at(r.f.Rate, 0), 1), cmp.Or(r.f.SearchMax, mostRate)
	full := false
	for ; !full && rate <= most; rate *= 2 {
		rung, err := r.rung(ctx, rate, len(facts.Rungs) == 0)
		if err != nil {
			return err
		}
		full = rung.Saturated != ""
		facts.Rungs = append(facts.Rungs, rung)
	}
	for range 2 {
		for _, rate := range saturation.Around(facts.Rungs) {
			rung, err := r.rung(ctx, round(rate), false)
			if err != nil {
				return err
			}
			facts.Rungs = append(facts.Rungs, rung)
		}
		slices.SortFunc(facts.Rungs, func(a, b saturation.Rung) int { return cmp.Compare(a.Rate, b.Rate) })
	}
	i := saturation.Knee(facts.Rungs)
	if i < 0 {
		r.env.Say("--profile knee: the server does not keep up even with rate=%v", facts.Rungs[0].Rate)
		return nil
	}
	facts.Knee = facts.Rungs[i].Rate
	r.env.Say("--profile knee: rate=%v is the knee: the most throughput for its response time", facts.Knee)
	if full {
		k := slices.IndexFunc(facts.Rungs, func(r saturation.Rung) bool { return r.Saturated != "" })
		r.env.Say("--profile knee: saturated from rate=%v on: %s", facts.Rungs[k].Rate, facts.Rungs[k].Saturated)
	} else {
		r.env.Say("--profile knee: no saturation up to rate=%v (--search-max)", most)
	}
	return nil
}

// round keeps three digits.
func round(v float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	return r
}

// rung runs one level of the ladder.
func (r *runner) rung(ctx context.Context, rate float64, first bool) (saturation.Rung, error) {
	if !first {
		if err := r.pause(ctx); err != nil {
			return saturation.Rung{}, err
		}
	}
	p, err := r.f.level("rate", rate, 0, 1)
	if err != nil {
		return saturation.Rung{}, err
	}
	t, _ := newTrial(nil)
	s, err := r.point(ctx, p, t)
	rung := saturation.Rung{}
	if err == nil {
		if blocks := t.all.Summary().Blocks; len(blocks) > 0 {
			rung = blocks[0].Rung()
		}
		if s != nil {
			rung.Saturated = s.why
		}
	}
	if rung.Rate = rate; err != nil {
		return rung, err
	}
	state := "kept up with"
	if rung.Saturated != "" {
		state = "saturated"
	}
	r.env.Say("%s: %.4g requests/s, mean response %v: %s", p.Run, rung.Throughput,
		time.Duration(rung.Latency*float64(time.Millisecond)).Round(time.Microsecond*100), state)
	return rung, nil
}
