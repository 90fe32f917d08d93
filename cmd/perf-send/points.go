package main

import (
	"slices"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/launch"
	"perfpipe/internal/load"
)

// plan returns the load that the flags describe.
func (f *flags) plan() load.Plan {
	return load.Plan{
		Rates: f.Rate, Parallel: f.Parallel, Numbers: f.Number, Duration: time.Duration(f.Duration),
		Arrival: f.Arrival, Seed: f.Seed, Speedup: f.Speedup, Warmup: f.WarmupNum,
	}
}

// points returns the load points that the flags describe.
func (f *flags) points(env *cli.Env) ([]load.Point, error) {
	trace := f.Arrival == load.ArrivalTrace
	switch {
	case f.OpenLoop && len(f.Rate) == 0 && !trace:
		return nil, fault.Usage("give --rate", "--open-loop: needs --rate")
	case f.WarmupNum > 0 && f.WarmupNum < 1 && len(f.Number) == 0:
		return nil, fault.Usage("give --number, or a whole --warmup-num",
			"--warmup-num: a share of --number needs --number")
	case f.OpenLoop && len(f.Parallel) > 0:
		env.Say("--parallel: ignored, since --open-loop puts no limit on the requests in flight")
		f.Parallel = nil
	}
	plan := f.plan()
	points, err := plan.Points()
	if err != nil {
		return nil, err
	}
	if trace && f.Cycle {
		return nil, fault.Usage("", "--cycle: a trace cannot begin again, since its times would go back")
	}
	for _, p := range points { // vLLM's and SGLang's clients have inf as their default
		switch {
		case len(f.Rate) > 0 && p.Mode == load.Closed:
			env.Say("--rate inf: a closed loop of %d, as with --parallel alone", p.Parallel)
		case p.Mode == load.Open && p.Pacer == nil && !p.Trace:
			env.Say("--rate inf: all requests are sent at once; --parallel N limits the concurrency")
		}
	}
	if f.MaxInFlight > 0 && !slices.ContainsFunc(points, func(p load.Point) bool { return p.Mode == load.Open }) {
		env.Say("--max-in-flight: ignored, since --parallel limits the requests in flight")
	}
	return points, nil
}

// unused reports flags of the command line that have no effect on the run.
func (f *flags) unused(env *cli.Env, points []load.Point) {
	fixed, served := !f.adaptive(), len(f.URL) > 0 || launch.Is(f.API)
	for _, c := range []struct {
		flag, why string
		unused    bool
	}{
		{"--sim", "a server answers, not the simulator", served},
		{"--truth", "a server answers, not the simulator", served},
		{"--arrival", "a closed loop has no schedule", fixed && points[0].Mode == load.Closed && len(f.Rate) == 0},
		{"--between", "there is one load point", fixed && len(points) == 1},
		{"--search-max", "no level is searched", fixed},
		{"--search-runs", "no level is searched", f.Search == ""},
		{"--metrics-interval", "no metrics are sampled", f.MetricsOut == "" && f.RunDir == ""},
	} {
		if c.unused && env.Typed(c.flag) != "" {
			env.Say("%s: without effect: %s", c.flag, c.why)
		}
	}
}
