package main

import (
	"cmp"
	"context"
	"math"
	"strconv"
	"strings"

	"perfpipe/internal/cli"

	"perfpipe/internal/fault"
	"perfpipe/internal/load"
	"perfpipe/internal/search"
)

// searchFlags ask for runs whose levels follow from what came of the ones before.
type searchFlags struct {
	Search     string         `group:"load" enum:",parallel,rate" default:"" placeholder:"WHAT" help:"Find the highest parallel or rate that meets every --slo; see docs/search.md."`
	SLO        cli.Conditions `name:"slo" group:"load" placeholder:"COND…" help:"Objectives of --search: 'ttft_ms:p99<500' 'ok>=0.99'."`
	SearchRuns int            `group:"load" default:"3" placeholder:"N" help:"Maximum runs of a level that stays undecided."`
	SearchMax  float64        `group:"load" placeholder:"LEVEL" help:"Highest level to try. Default: 4096 concurrent requests, 100000 requests/s."`
	Profile    string         `group:"load" enum:",knee" default:"" placeholder:"WHAT" help:"knee: raise the rate until the server is saturated, and mark the knee."`
}

const (
	searchPrecision = 0.02
	mostParallel    = 4096
	mostRate        = 100_000.0
)

// adaptive says whether the levels are not known before the run.
func (f *searchFlags) adaptive() bool { return f.Search != "" || f.Profile != "" }

func (f *flags) checkSearch() error {
	switch {
	case f.Search != "" && f.Profile != "":
		return fault.Usage("leave one out", "--search: --profile chooses levels, too")
	case f.Search != "" && len(f.SLO) == 0:
		return fault.Usage("such as --slo 'ttft_ms:p99<500' 'ok>=0.99'", "--search: needs --slo")
	case f.Search == "" && len(f.SLO) > 0:
		return fault.Usage("perf-stats --slo judges the records of any run", "--slo: needs --search")
	case f.SearchRuns < 1:
		return fault.Usage("", "--search-runs: %d is below 1", f.SearchRuns)
	case f.SearchMax < 0:
		return fault.Usage("", "--search-max: %v is below 0", f.SearchMax)
	case f.adaptive() && f.Arrival != "poisson" && f.Arrival != "constant" && !strings.HasPrefix(f.Arrival, "gamma:"):
		return fault.Usage("", "--arrival: %s has its own rates, and leaves none to choose", f.Arrival)
	case f.Search == "parallel" && len(f.Rate) > 0:
		return fault.Usage("--search rate varies the rate", "--rate: --search parallel is a closed loop")
	case f.Search == "rate" && len(f.Parallel) > 0, f.Profile == "knee" && len(f.Parallel) > 0:
		return fault.Usage("--search parallel varies it", "--parallel: the rate is what varies, in an open loop")
	case f.adaptive() && (len(f.Rate) > 1 || len(f.Parallel) > 1 || len(f.Number) > 1):
		return fault.Usage("a single --rate or --parallel is the first level", "a search chooses its levels itself: a list has no use")
	}
	_, err := newTrial(f.SLO)
	return err
}

// searchFacts is the verdict of a search in --facts-out.
type searchFacts struct {
	What string   `json:"what"` // parallel or rate
	SLO  []string `json:"slo"`
	search.Result
	Trusted bool `json:"trusted"`
}

// search looks for the highest level that meets the SLO.
func (r *runner) search(ctx context.Context) error {
	f := r.f
	opt := search.Options{Precision: searchPrecision, Runs: f.SearchRuns, Min: 1, Max: mostParallel, Whole: true, Start: float64(max(1, at(f.Parallel, 0)))}
	if f.Search == "rate" {
		opt.Whole, opt.Min, opt.Max, opt.Start = false, 0.001, mostRate, cmp.Or(at(f.Rate, 0), 1)
	}
	if f.SearchMax > 0 {
		opt.Max = max(f.SearchMax, opt.Min)
	}
	trials := map[float64]*trial{}
	runs := map[float64]int{}
	first := true
	res, err := search.Find(opt, func(level float64) (search.Verdict, error) {
		if trials[level] == nil {
			trials[level], _ = newTrial(f.SLO) // which checkSearch has found good
		}
		t := trials[level]
		if !first {
			if err := r.pause(ctx); err != nil {
				return search.Unsure, err
			}
		}
		first = false
		p, err := f.level(f.Search, level, runs[level], t.needed())
		if err != nil {
			return search.Unsure, err
		}
		runs[level]++
		s, err := r.point(ctx, p, t)
		if err != nil {
			return search.Unsure, err
		}
		v, why := t.verdict()
		if s != nil {
			v, why = search.Fail, s.why
		}
		r.env.Say("%s: %v (%s)", p.Run, v, why)
		return v, nil
	})
	r.facts.Search = &searchFacts{f.Search, f.SLO, res, err == nil && len(res.Doubts) == 0}
	if err != nil {
		return err
	}
	r.tell(res)
	if res.Best == 0 {
		r.missed = fault.Fail("a lower level, or a wider --slo", "--slo: no level meets it")
	}
	return nil
}

// tell says what the search has found.
func (r *runner) tell(res search.Result) {
	slo := strings.Join(r.f.SLO, " ")
	switch {
	case res.Best == 0:
		r.env.Say("--search: %s (%s)", res.Limit, slo)
	case res.Limit != "":
		r.env.Say("--search: %s=%v meets %s, and %s", r.f.Search, res.Best, slo, res.Limit)
	case res.Fails > 0:
		r.env.Say("--search: %s=%v is the highest that meets %s; %v fails", r.f.Search, res.Best, slo, res.Fails)
	default:
		r.env.Say("--search: %s=%v is the highest that meets %s", r.f.Search, res.Best, slo)
	}
	for _, d := range res.Doubts {
		r.env.Say("--search: do not trust this: %s", d)
	}
}

// level is the load point of one level. Without --number and --duration it takes as many requests as decide, and at
// least ten for each slot or ten seconds of a rate.
func (f *flags) level(what string, level float64, run, needed int) (load.Point, error) {
	g := *f
	g.Seed += uint64(run)
	if what == "parallel" {
		g.Parallel = cli.Ints{int(level)}
	} else {
		g.Rate = cli.Floats{level}
	}
	if len(f.Number) == 0 && f.Duration == 0 {
		g.Number = cli.Ints{max(needed+needed/10, 100, int(math.Ceil(10*level)))}
	}
	p, err := g.point(0)
	if err != nil {
		return p, err
	}
	points := []load.Point{p}
	err = g.limitConns(points)
	if run > 0 {
		points[0].Run += "#" + strconv.Itoa(run+1)
	}
	return points[0], err
}
