package bench

import (
	"context"

	"perfpipe/internal/fault"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/search"
)

// Search describes a search, which chooses load points by the results of earlier ones: for the highest level that meets
// SLO, or for the knee. Without either there is none.
type Search struct {
	SLO  *search.SLO
	Knee bool
	What string // search.Parallel or search.Rate
	search.Options
	Plan load.Plan // of each load point, but for its level
}

// adaptive reports whether there is a search.
func (s *Search) adaptive() bool { return s.SLO != nil || s.Knee }

// check refuses a number of requests with which no level can pass, and reports one that takes several runs.
func (s *Search) check(tell func(setting, reason, format string, args ...any)) error {
	if s.SLO == nil || len(s.Plan.Numbers) == 0 {
		return nil
	}
	const short = "a level gets at most %d runs of %d requests; to pass %s, it needs at least %d that all meet it"
	n, runs := s.Plan.Numbers[0], max(1, s.Runs)
	needed, condition := s.SLO.Needed()
	switch {
	case n*runs < needed:
		return fault.Invalid("number", "search-number", short, runs, n, condition, needed)
	case n < needed:
		tell("number", "", short, runs, n, condition, needed)
	}
	return nil
}

// capacity searches for the highest level that meets the SLO.
func (r *runner) capacity(ctx context.Context) error {
	s := &r.Search
	res, err := r.load().Capacity(ctx, s.Options, s.SLO)
	r.report.Search = &searchFacts{s.What, s.SLO.Texts(), res, err == nil && len(res.Doubts) == 0}
	if err != nil {
		return err
	}
	for _, line := range res.Describe(s.What, s.SLO) {
		r.Tell("search", "", "%s", line)
	}
	switch {
	case res.Undecided():
		r.missed = fault.Of("slo", "slo-undecided", "no level was shown to meet it")
	case res.Best == 0:
		r.missed = fault.Of("slo", "slo-missed", "no level meets it")
	}
	return nil
}

// knee searches for the knee.
func (r *runner) knee(ctx context.Context) error {
	const setting = "profile knee"
	ladder, err := r.load().Knee(ctx, r.Search.Start, r.Search.Max)
	r.report.Knee = &ladder
	if err != nil {
		return err
	}
	for _, line := range ladder.Describe() {
		r.Tell(setting, "", "%s", line)
	}
	if !ladder.Saturated() {
		r.Tell(setting, "", "no saturation up to rate=%v%s", r.Search.Max, r.next("search-max"))
	}
	return nil
}

// level returns the load point of one level.
func (r *runner) level(level float64, run, requests int) (load.Point, error) {
	p, err := search.PointOf(r.Search.Plan, r.Search.What, level, run, requests)
	if err != nil {
		return p, err
	}
	points := []load.Point{p}
	err = r.limitConns(points)
	return points[0], err
}

// load returns the load of the search. There is a pause before each load point but the first.
func (r *runner) load() *search.Load {
	first := true
	return &search.Load{
		Point: r.level,
		Run: func(ctx context.Context, p load.Point, observe func(*record.Record)) (string, error) {
			if !first {
				if err := r.pause(ctx); err != nil {
					return "", err
				}
			}
			first = false
			return r.point(ctx, p, observe)
		},
		Say: r.Say,
	}
}
