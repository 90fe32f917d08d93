package main

import (
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/load"
	"perfpipe/internal/schedule"
)

// points returns the load points that the flags describe.
func (f *flags) points(env *cli.Env) ([]load.Point, error) {
	if err := f.checkLoad(env); err != nil {
		return nil, err
	}
	n, err := f.levels()
	if err != nil {
		return nil, err
	}
	var points []load.Point
	for i := range n {
		p, err := f.point(i)
		if err != nil {
			return nil, err
		}
		if math.IsInf(at(f.Rate, i), 1) {
			atOnce(env, p)
		}
		if p.Duration == 0 {
			p.Asked = p.Number
		}
		name := p.Run
		for k := 2; slices.ContainsFunc(points, func(q load.Point) bool { return q.Run == p.Run }); k++ {
			p.Run = name + "#" + strconv.Itoa(k)
		}
		points = append(points, p)
	}
	if f.MaxInFlight > 0 && !slices.ContainsFunc(points, func(p load.Point) bool { return p.Mode == load.Open }) {
		env.Say("--max-in-flight: ignored, since --parallel limits the requests in flight")
	}
	return points, nil
}

// checkLoad validates the flags of the load.
func (f *flags) checkLoad(env *cli.Env) error {
	trace := f.Arrival == "trace"
	if f.OpenLoop {
		if len(f.Rate) == 0 && !trace {
			return fault.Usage("give --rate", "--open-loop: needs --rate")
		}
		if len(f.Parallel) > 0 {
			env.Say("--parallel: ignored, since --open-loop puts no limit on the requests in flight")
			f.Parallel = nil
		}
	}
	for _, r := range f.Rate {
		if !(r > 0) {
			return fault.Usage("leave --rate out for a closed loop", "--rate: %v is not above 0", r)
		}
	}
	if slices.ContainsFunc(f.Parallel, func(p int) bool { return p < 1 }) {
		return fault.Usage("", "--parallel: %v has a number below 1", f.Parallel)
	}
	if slices.ContainsFunc(f.Number, func(n int) bool { return n < 0 }) {
		return fault.Usage("", "--number: %v has a number below 0", f.Number)
	}
	if trace && len(f.Rate) > 0 {
		return fault.Usage("--speedup plays a trace faster", "--rate: a trace has its own times")
	}
	if trace && f.Cycle {
		return fault.Usage("", "--cycle: a trace cannot begin again, since its times would go back")
	}
	if !(f.Speedup > 0) {
		return fault.Usage("", "--speedup: %v is not above 0", f.Speedup)
	}
	if f.Speedup != 1 && !trace {
		return fault.Usage("give --arrival trace, or another --rate", "--speedup: only a trace can be played faster")
	}
	return nil
}

// atOnce explains a rate of inf, which vLLM's and SGLang's clients have as their default.
func atOnce(env *cli.Env, p load.Point) {
	if p.Mode == load.Closed {
		env.Say("--rate inf: a closed loop of %d, as with --parallel alone", p.Parallel)
		return
	}
	env.Say("--rate inf: all requests are sent at once; --parallel N limits the concurrency")
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
	if f.Input == "" || f.Input == "-" {
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

// levels is the length of the lists, which must be one; a single value serves all.
func (f *flags) levels() (int, error) {
	n := 1
	for _, l := range []struct {
		name string
		len  int
	}{{"--rate", len(f.Rate)}, {"--parallel", len(f.Parallel)}, {"--number", len(f.Number)}} {
		switch {
		case l.len <= 1:
		case n == 1:
			n = l.len
		case l.len != n:
			return 0, fault.Usage("give lists of one length, or a single value for all",
				"%s: has %d values where another list has %d", l.name, l.len, n)
		}
	}
	if n > 1 && len(f.Rate) < 2 && len(f.Parallel) < 2 {
		return 0, fault.Usage("give as many values of --rate or --parallel", "--number: has %d values for one load point", n)
	}
	return n, nil
}

// at is the i-th value, the only one for all, or zero.
func at[T any](list []T, i int) (v T) {
	switch {
	case len(list) == 1:
		return list[0]
	case i < len(list):
		return list[i]
	}
	return v
}

func (f *flags) point(i int) (load.Point, error) {
	p := load.Point{
		Rate: at(f.Rate, i), Parallel: at(f.Parallel, i), Number: at(f.Number, i),
		Duration: time.Duration(f.Duration), Speedup: f.Speedup,
	}
	var err error
	if p.Warmup, err = f.warmup(p.Number); err != nil {
		return p, err
	}
	p.Trace = f.Arrival == "trace"
	switch {
	case p.Trace:
		p.Mode, p.Run = load.Open, "trace"
	case schedule.HasRates(f.Arrival) && p.Rate > 0:
		return p, fault.Usage("", "--rate: a ramp has its own rates")
	case math.IsInf(p.Rate, 1) && f.Arrival != "poisson":
		return p, fault.Usage("give a finite --rate", "--arrival: %s needs a rate, and inf is none", f.Arrival)
	case math.IsInf(p.Rate, 1) && p.Parallel == 0:
		p.Mode, p.Run, p.Rate = load.Open, "rate=inf", 0
		return p, nil
	case p.Rate > 0 && !math.IsInf(p.Rate, 1):
		p.Mode, p.Run = load.Open, "rate="+strconv.FormatFloat(p.Rate, 'g', -1, 64)
		if p.Pacer, err = f.pacer(p.Rate); err != nil {
			return p, err
		}
	case schedule.HasRates(f.Arrival):
		p.Mode, p.Run = load.Open, strings.Replace(f.Arrival, ":", "=", 1)
		if p.Pacer, err = f.pacer(0); err != nil {
			return p, err
		}
	case f.Arrival != "poisson":
		return p, fault.Usage("give --rate", "--arrival: %s needs --rate", f.Arrival)
	default:
		p.Rate, p.Parallel = 0, max(p.Parallel, 1)
		p.Mode, p.Pacer, p.Limit = load.Closed, nil, p.Parallel
		p.Run = "parallel=" + strconv.Itoa(p.Parallel)
		return p, nil
	}
	if p.Parallel > 0 {
		p.Mode, p.Limit = load.Capped, p.Parallel
		p.Run += ",parallel=" + strconv.Itoa(p.Parallel)
	}
	return p, nil
}

// batch is how long answers may wait to be read together: 0.125 ms, and up to 0.25 where there are many slots, beside
// whose turns it is little. Where there are or may be few, or requests are sent by the clock, they do not wait.
func (f *flags) batch(points []load.Point) time.Duration {
	if f.adaptive() {
		return 0
	}
	slots := math.MaxInt
	for _, p := range points {
		if p.Mode != load.Closed {
			return 0
		}
		slots = min(slots, p.Parallel)
	}
	if slots < 64 {
		return 0
	}
	return time.Duration(min(max(125, slots/4), 250)) * time.Microsecond
}

// warmup is --warmup-num: a count, or a share of the number of measured requests.
func (f *flags) warmup(number int) (int, error) {
	switch w := f.WarmupNum; {
	case w <= 0:
		return 0, nil
	case w < 1:
		if number == 0 {
			return 0, fault.Usage("give --number, or a whole --warmup-num", "--warmup-num: a share of --number needs --number")
		}
		return max(1, int(w*float64(number))), nil
	case w == float64(int(w)):
		return int(w), nil
	}
	return 0, fault.Usage("", "--warmup-num: %v is neither a whole number nor a share below 1", f.WarmupNum)
}

// pacer returns the pacer of --arrival.
func (f *flags) pacer(rate float64) (schedule.Pacer, error) {
	p, err := schedule.Parse(f.Arrival, rate, f.Seed)
	if err != nil {
		return nil, fault.Usage(strings.Join(schedule.Kinds(), ", ")+" or trace", "--arrival: %w", err)
	}
	return p, nil
}
