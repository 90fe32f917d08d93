package search

import (
	"cmp"
	"strconv"

	"perfpipe/internal/load"
)

// What a search varies.
const (
	Parallel = "parallel"
	Rate     = "rate"
)

// OptionsOf returns the options of a search that varies what. It begins at start, and tries no level above limit; each
// has a default if it is 0.
func OptionsOf(what string, start, limit float64, runs int) Options {
	opt := Options{Start: cmp.Or(start, 1), Precision: 0.02, Runs: runs}
	if what == Parallel {
		opt.Min, opt.Max, opt.Whole = 1, 4096, true
	} else {
		opt.Min, opt.Max = 0.001, 100_000
	}
	if limit > 0 {
		opt.Max = limit
	}
	return opt
}

// PointOf returns the load point of a level in an otherwise constant plan, as Load.Point does. A plan without a number
// or a duration gets that of requests. Each run of a level has a name and a schedule of its own.
func PointOf(plan load.Plan, what string, level float64, run, requests int) (load.Point, error) {
	plan.Seed += uint64(run)
	if what == Parallel {
		plan.Parallel = []int{int(level)}
	} else {
		plan.Rates = []float64{level}
	}
	if len(plan.Numbers) == 0 && plan.Duration == 0 {
		plan.Numbers = []int{requests}
	}
	points, err := plan.Points()
	if err != nil {
		return load.Point{}, err
	}
	p := points[0]
	p.Asked, p.Sweep = 0, true // the search may end it with fewer
	if run > 0 {
		p.Run += "#" + strconv.Itoa(run+1)
	}
	return p, nil
}
