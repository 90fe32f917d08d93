package load

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"perfpipe/internal/fault"
	"perfpipe/internal/schedule"
)

// ArrivalTrace is the Arrival of a Plan whose requests are due at their own at_ms.
const ArrivalTrace = "trace"

// Plan describes load points by plain values. Each list has one value for each point, a single value for all of them,
// or none.
type Plan struct {
	Rates    []float64     // requests/s; +Inf: all requests are due at once; none: a closed loop, or Arrival has rates
	Parallel []int         // limits of requests in flight; none: 1 in a closed loop, no limit in an open one
	Numbers  []int         // measured requests; 0: all
	Duration time.Duration // of each point; 0: no limit
	Arrival  string        // ArrivalTrace, or as schedule.Parse reads it
	Seed     uint64        // of the arrival times
	Speedup  float64       // divides the at_ms of a trace and the delays of sessions
	Warmup   float64       // requests before the measured ones; below 1, a share of their number
}

// Points returns the load points of the plan, each with a name of its own. An error is a *fault.Error whose
// setting is the value at fault.
func (pl *Plan) Points() ([]Point, error) {
	if err := pl.check(); err != nil {
		return nil, err
	}
	n, err := pl.len()
	if err != nil {
		return nil, err
	}
	var points []Point
	for i := range n {
		p, err := pl.point(i)
		if err != nil {
			return nil, err
		}
		name := p.Run
		for k := 2; slices.ContainsFunc(points, func(q Point) bool { return q.Run == p.Run }); k++ {
			p.Run = name + "#" + strconv.Itoa(k)
		}
		p.Sweep = n > 1
		points = append(points, p)
	}
	return points, nil
}

func (pl *Plan) check() error {
	trace := pl.Arrival == ArrivalTrace
	for _, r := range pl.Rates {
		if !(r > 0) {
			return fault.Invalid("rate", "rate-not-positive", "%v is not above 0", r)
		}
	}
	switch {
	case slices.ContainsFunc(pl.Parallel, func(p int) bool { return p < 1 }):
		return fault.Invalid("parallel", "", "%s has a number below 1", spaced(pl.Parallel))
	case slices.ContainsFunc(pl.Numbers, func(n int) bool { return n < 0 }):
		return fault.Invalid("number", "", "%s has a number below 0", spaced(pl.Numbers))
	case trace && len(pl.Rates) > 0:
		return fault.Invalid("rate", "trace-has-times", "a trace has its own times")
	case !(pl.Speedup > 0):
		return fault.Invalid("speedup", "", "%v is not above 0", pl.Speedup)
	}
	return nil
}

// spaced returns numbers separated by blanks.
func spaced(list []int) string { return strings.Trim(fmt.Sprint(list), "[]") }

// len returns the number of points.
func (pl *Plan) len() (int, error) {
	n := 1
	for _, l := range []struct {
		name string
		len  int
	}{{"rate", len(pl.Rates)}, {"parallel", len(pl.Parallel)}, {"number", len(pl.Numbers)}} {
		switch {
		case l.len <= 1:
		case n == 1:
			n = l.len
		case l.len != n:
			return 0, fault.Invalid(l.name, "lengths-differ", "has %d values where another list has %d", l.len, n)
		}
	}
	if n > 1 && len(pl.Rates) < 2 && len(pl.Parallel) < 2 {
		return 0, fault.Invalid("number", "needs-levels", "has %d values for one load point", n)
	}
	return n, nil
}

// at returns the i-th value, the only one, or zero.
func at[T any](list []T, i int) (v T) {
	switch {
	case len(list) == 1:
		return list[0]
	case i < len(list):
		return list[i]
	}
	return v
}

// point returns the i-th point.
func (pl *Plan) point(i int) (p Point, err error) {
	p = Point{
		Rate: at(pl.Rates, i), Parallel: at(pl.Parallel, i), Number: at(pl.Numbers, i),
		Duration: pl.Duration, Speedup: pl.Speedup,
	}
	if p.Duration == 0 {
		p.Asked = p.Number
	}
	if p.Warmup, err = pl.warmup(p.Number); err != nil {
		return p, err
	}
	ramp := schedule.HasRates(pl.Arrival)
	atOnce := math.IsInf(p.Rate, 1)
	switch {
	case pl.Arrival == ArrivalTrace:
		p.Mode, p.Run, p.Trace = Open, "trace", true
	case ramp && p.Rate > 0:
		return p, fault.Invalid("rate", "", "a ramp has its own rates")
	case atOnce && pl.Arrival != "poisson":
		return p, fault.Invalid("arrival", "needs-finite-rate", "%s needs a rate, and inf is none", pl.Arrival)
	case atOnce && p.Parallel == 0:
		p.Mode, p.Run, p.Rate = Open, "rate=inf", 0
	case p.Rate > 0 && !atOnce:
		p.Mode, p.Run = Open, "rate="+strconv.FormatFloat(p.Rate, 'g', -1, 64)
		p.Pacer, err = pl.pacer(p.Rate)
	case ramp:
		p.Mode, p.Run = Open, strings.Replace(pl.Arrival, ":", "=", 1)
		p.Pacer, err = pl.pacer(0)
	case pl.Arrival != "poisson":
		return p, fault.Invalid("arrival", "needs-rate", "%s needs a rate", pl.Arrival)
	default:
		p.Rate, p.Parallel = 0, max(p.Parallel, 1)
		p.Mode, p.Limit = Closed, p.Parallel
		p.Run = "parallel=" + strconv.Itoa(p.Parallel)
	}
	if p.Mode == Open && p.Parallel > 0 {
		p.Mode, p.Limit = Capped, p.Parallel
		p.Run += ",parallel=" + strconv.Itoa(p.Parallel)
	}
	return p, err
}

// warmup returns the warm-up requests of a point with a number of measured ones.
func (pl *Plan) warmup(number int) (int, error) {
	switch w := pl.Warmup; {
	case w <= 0:
		return 0, nil
	case w < 1:
		if number == 0 {
			return 0, fault.Invalid("warmup-num", "needs-number", "a share of the requests needs their number")
		}
		return max(1, int(w*float64(number))), nil
	case w == float64(int(w)):
		return int(w), nil
	}
	return 0, fault.Invalid("warmup-num", "", "%v is neither a whole number nor a share below 1", pl.Warmup)
}

// pacer returns the pacer of Arrival.
func (pl *Plan) pacer(rate float64) (schedule.Pacer, error) {
	p, err := schedule.Parse(pl.Arrival, rate, pl.Seed)
	if err != nil {
		return nil, fault.Invalid("arrival", "unknown-arrival", "%w", err)
	}
	return p, nil
}

// LimitConns limits the requests in flight of open loops and of sessions to conns connections, of which each request
// needs one. It returns the first of the other points that has more slots than connections, or nil. If conns is 0,
// there is no limit.
func LimitConns(points []Point, conns int) *Point {
	if conns == 0 {
		return nil
	}
	for i := range points {
		p := &points[i]
		p.Conns = conns
		switch {
		case p.Mode == Open:
			p.Limit = conns
		case p.Limit > conns:
			return p
		}
	}
	return nil
}
