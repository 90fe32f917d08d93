package search

import (
	"slices"
	"testing"
	"time"

	"perfpipe/internal/load"
)

func TestOptionsOf(t *testing.T) {
	for _, c := range []struct {
		what         string
		start, limit float64
		want         Options
	}{
		{Parallel, 0, 0, Options{Start: 1, Min: 1, Max: 4096, Whole: true, Precision: 0.02, Runs: 3}},
		{Parallel, 8, 64, Options{Start: 8, Min: 1, Max: 64, Whole: true, Precision: 0.02, Runs: 3}},
		{Rate, 0, 0, Options{Start: 1, Min: 0.001, Max: 100_000, Precision: 0.02, Runs: 3}},
		{Rate, 0.5, 7, Options{Start: 0.5, Min: 0.001, Max: 7, Precision: 0.02, Runs: 3}},
	} {
		if got := OptionsOf(c.what, c.start, c.limit, 3); got != c.want {
			t.Errorf("%s from %v to %v: %+v, want %+v", c.what, c.start, c.limit, got, c.want)
		}
	}
}

func TestPointOf(t *testing.T) {
	plan := load.Plan{Arrival: "poisson", Speedup: 1, Rates: []float64{3}}
	first, err1 := PointOf(plan, Rate, 50, 0, 100)
	again, err2 := PointOf(plan, Rate, 50, 1, 100)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	for p, name := range map[*load.Point]string{&first: "rate=50", &again: "rate=50#2"} {
		if p.Run != name || p.Rate != 50 || p.Number != 100 || p.Asked != 0 {
			t.Errorf("%+v, want %s with 100 requests", *p, name)
		}
	}
	if slices.Equal(offsets(first), offsets(again)) {
		t.Error("two runs of a level have the same schedule")
	}
	if !slices.Equal(plan.Rates, []float64{3}) {
		t.Errorf("the plan has changed: %v", plan.Rates)
	}

	plan = load.Plan{Arrival: "poisson", Speedup: 1, Duration: time.Minute}
	p, err := PointOf(plan, Parallel, 4, 0, 100)
	if err != nil || p.Run != "parallel=4" || p.Limit != 4 || p.Number != 0 {
		t.Errorf("%+v, %v, want parallel=4 for a minute", p, err)
	}
	if _, err := PointOf(load.Plan{Arrival: "sometimes", Speedup: 1}, Rate, 1, 0, 1); err == nil {
		t.Error("a plan without load points has one")
	}
}

// offsets returns the first start offsets of a point.
func offsets(p load.Point) (list []time.Duration) {
	for at := range p.Pacer {
		if list = append(list, at); len(list) == 5 {
			break
		}
	}
	return list
}
