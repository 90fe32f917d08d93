package main

import (
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/load"
	"perfpipe/internal/schedule"
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
	case f.OpenLoop && len(f.Parallel) > 0:
		env.Say("--parallel: ignored, since --open-loop puts no limit on the requests in flight")
		f.Parallel = nil
	}
	plan := f.plan()
	points, err := plan.Points()
	if err != nil {
		return nil, f.planFault(err)
	}
	if trace && f.Cycle {
		return nil, fault.Usage("", "--cycle: a trace cannot begin again, since its times would go back")
	}
	for _, p := range points {
		f.explainInf(env, p)
	}
	if f.MaxInFlight > 0 && !slices.ContainsFunc(points, func(p load.Point) bool { return p.Mode == load.Open }) {
		env.Say("--max-in-flight: ignored, since --parallel limits the requests in flight")
	}
	return points, nil
}

// planFault returns the error of a plan in terms of flags.
func (f *flags) planFault(err error) error {
	e, ok := errors.AsType[*load.PlanError](err)
	if !ok {
		return err
	}
	name, text, hint := "--"+e.Field, e.Err.Error(), ""
	if e.Field == "warmup" {
		name = "--warmup-num"
	}
	switch e.Reason {
	case "rate-not-positive":
		hint = "leave --rate out for a closed loop"
	case "trace-has-times":
		hint = "--speedup plays a trace faster"
	case "needs-trace":
		hint = "give --arrival trace, or another --rate"
	case "lengths-differ":
		hint = "give lists of one length, or a single value for all"
	case "needs-levels":
		hint = "give as many values of --rate or --parallel"
	case "needs-finite-rate":
		hint = "give a finite --rate"
	case "needs-rate":
		text, hint = f.Arrival+" needs --rate", "give --rate"
	case "needs-number":
		text, hint = "a share of --number needs --number", "give --number, or a whole --warmup-num"
	case "unknown-arrival":
		hint = strings.Join(schedule.Kinds(), ", ") + " or trace"
	}
	return fault.Usage(hint, "%s: %s", name, text)
}

// explainInf explains a rate of inf, which vLLM's and SGLang's clients have as their default.
func (f *flags) explainInf(env *cli.Env, p load.Point) {
	switch {
	case len(f.Rate) > 0 && p.Mode == load.Closed:
		env.Say("--rate inf: a closed loop of %d, as with --parallel alone", p.Parallel)
	case p.Mode == load.Open && p.Pacer == nil && !p.Trace:
		env.Say("--rate inf: all requests are sent at once; --parallel N limits the concurrency")
	}
}

// inTurn reports whether each point of a sweep takes all lines: nothing bounds its requests, so that the first point
// would leave none to the others. That needs an input which ends, a file.
func (f *flags) inTurn(env *cli.Env, points []load.Point) (bool, error) {
	if len(points) < 2 || f.Duration > 0 || slices.ContainsFunc(points, func(p load.Point) bool { return p.Number > 0 }) {
		return false, nil
	}
	if f.Cycle {
		return false, fault.Usage("give --number or --duration", "--cycle: the first point of the sweep would never end")
	}
	if cli.IsStd(f.Input) {
		if in, ok := env.Stdin.(interface{ Stat() (os.FileInfo, error) }); !ok || !regular(in.Stat()) {
			return false, fault.Usage(
				"--number N is the requests of each point; a file as input is sent by each point as a whole",
				"--number: a sweep over a pipe needs it, since the first of %d points would take all lines", len(points))
		}
	}
	env.Say("each of %d points sends all lines", len(points))
	return true, nil
}

func regular(info os.FileInfo, err error) bool { return err == nil && info.Mode().IsRegular() }
