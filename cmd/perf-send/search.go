package main

import (
	"cmp"

	"perfpipe/internal/bench"
	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/load"
	"perfpipe/internal/schedule"
	"perfpipe/internal/search"
)

// searchFlags ask for load points whose levels follow from the results of earlier ones.
type searchFlags struct {
	Search     string         `group:"load" enum:",parallel,rate" default:"" placeholder:"WHAT" help:"Find the highest parallel or rate that meets every --slo; see docs/search.md."`
	SLO        cli.Conditions `name:"slo" group:"load" placeholder:"COND…" help:"Objectives of --search: 'ttft_ms:p99<500' 'ok>=0.99'."`
	SearchRuns int            `group:"load" default:"3" placeholder:"N" help:"Maximum runs of a level that stays undecided."`
	SearchMax  float64        `group:"load" placeholder:"LEVEL" help:"Highest level to try. Default: 4096 concurrent requests, 100000 requests/s."`
	Profile    string         `group:"load" enum:",knee" default:"" placeholder:"WHAT" help:"knee: raise the rate until the server is saturated, and mark the knee."`
}

// adaptive reports whether the levels are not known before the run.
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
	case f.adaptive() && (f.Arrival == load.ArrivalTrace || schedule.HasRates(f.Arrival)):
		return fault.Usage("", "--arrival: %s has its own rates, and leaves none to choose", f.Arrival)
	case f.Search == search.Parallel && len(f.Rate) > 0:
		return fault.Usage("--search rate varies the rate", "--rate: --search parallel is a closed loop")
	case f.Search == search.Rate && len(f.Parallel) > 0, f.Profile == "knee" && len(f.Parallel) > 0:
		return fault.Usage("--search parallel varies it", "--parallel: the rate is what varies, in an open loop")
	case f.adaptive() && (len(f.Rate) > 1 || len(f.Parallel) > 1 || len(f.Number) > 1):
		return fault.Usage("a single --rate or --parallel is the first level",
			"a search chooses its levels itself: a list has no use")
	}
	return nil
}

// searchConfig returns the search, if there is one.
func (f *flags) searchConfig() (s bench.Search, err error) {
	s = bench.Search{Knee: f.Profile != "", What: cmp.Or(f.Search, search.Rate), Plan: f.plan()}
	var start float64
	switch {
	case s.What == search.Parallel && len(f.Parallel) > 0:
		start = float64(f.Parallel[0])
	case s.What == search.Rate && len(f.Rate) > 0:
		start = f.Rate[0]
	}
	s.Options = search.OptionsOf(s.What, start, f.SearchMax, f.SearchRuns)
	if f.Search != "" {
		if s.SLO, err = search.ParseSLO(f.SLO); err != nil {
			return s, fault.Invalid("slo", "", "%w", err)
		}
	}
	return s, nil
}

// saturationFlags set the limits at which a load point ends early.
type saturationFlags struct {
	MaxErrorRate float64 `group:"load" default:"1" placeholder:"SHARE" help:"End a load point once clearly more than this share of its requests fail; exit 1 if more failed."`
	MaxInFlight  int     `group:"load" placeholder:"N" help:"End a load point of an open loop at more than N requests in flight."`
	EarlyStop    bool    `negatable:"" default:"true" group:"load" help:"End a load point of an open loop once the backlog grows without bound."`
}

func (f *saturationFlags) limits() search.Limits {
	return search.Limits{ErrorShare: f.MaxErrorRate, InFlight: f.MaxInFlight, Backlog: f.EarlyStop}
}
