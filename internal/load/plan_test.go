package load

import (
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"perfpipe/internal/fault"
)

// plan returns a Plan with the defaults that each test changes.
func plan(change func(*Plan)) Plan {
	p := Plan{Arrival: "poisson", Speedup: 1}
	change(&p)
	return p
}

func TestPlanPoints(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		name  string
		plan  Plan
		want  []Point // without pacers
		paced bool
	}{
		{
			"nothing is a closed loop of one", plan(func(*Plan) {}),
			[]Point{{Run: "parallel=1", Parallel: 1, Mode: Closed, Limit: 1}}, false,
		},
		{
			"parallel is a closed loop", plan(func(p *Plan) { p.Parallel, p.Numbers = []int{1, 8}, []int{10} }),
			[]Point{
				{Run: "parallel=1", Parallel: 1, Mode: Closed, Limit: 1, Number: 10, Asked: 10},
				{Run: "parallel=8", Parallel: 8, Mode: Closed, Limit: 8, Number: 10, Asked: 10},
			}, false,
		},
		{
			"rate is an open loop", plan(func(p *Plan) { p.Rates, p.Numbers = []float64{0.5, 20}, []int{1, 2} }),
			[]Point{
				{Run: "rate=0.5", Rate: 0.5, Mode: Open, Number: 1, Asked: 1},
				{Run: "rate=20", Rate: 20, Mode: Open, Number: 2, Asked: 2},
			}, true,
		},
		{
			"rate and parallel are a capped loop", plan(func(p *Plan) { p.Rates, p.Parallel = []float64{5}, []int{2} }),
			[]Point{{Run: "rate=5,parallel=2", Rate: 5, Parallel: 2, Mode: Capped, Limit: 2}}, true,
		},
		{
			"equal levels have names of their own", plan(func(p *Plan) { p.Parallel = []int{2, 2, 2} }),
			[]Point{
				{Run: "parallel=2", Parallel: 2, Mode: Closed, Limit: 2},
				{Run: "parallel=2#2", Parallel: 2, Mode: Closed, Limit: 2},
				{Run: "parallel=2#3", Parallel: 2, Mode: Closed, Limit: 2},
			}, false,
		},
		{
			"inf is due at once", plan(func(p *Plan) { p.Rates = []float64{inf} }),
			[]Point{{Run: "rate=inf", Mode: Open}}, false,
		},
		{
			"inf and parallel are a closed loop", plan(func(p *Plan) { p.Rates, p.Parallel = []float64{inf}, []int{3} }),
			[]Point{{Run: "parallel=3", Parallel: 3, Mode: Closed, Limit: 3}}, false,
		},
		{
			"trace", plan(func(p *Plan) { p.Arrival, p.Speedup, p.Parallel = ArrivalTrace, 2, []int{4} }),
			[]Point{{Run: "trace,parallel=4", Parallel: 4, Mode: Capped, Limit: 4, Trace: true, Speedup: 2}}, false,
		},
		{
			"ramp", plan(func(p *Plan) { p.Arrival = "ramp:1-50/60s" }),
			[]Point{{Run: "ramp=1-50/60s", Mode: Open}}, true,
		},
		{
			"a duration may end with fewer", plan(func(p *Plan) { p.Numbers, p.Duration = []int{9}, time.Second }),
			[]Point{{Run: "parallel=1", Parallel: 1, Mode: Closed, Limit: 1, Number: 9, Duration: time.Second}}, false,
		},
		{
			"warm-up of a count", plan(func(p *Plan) { p.Warmup = 3 }),
			[]Point{{Run: "parallel=1", Parallel: 1, Mode: Closed, Limit: 1, Warmup: 3}}, false,
		},
		{
			"warm-up of a share is at least one", plan(func(p *Plan) {
				p.Warmup, p.Parallel, p.Numbers = 0.1, []int{1, 2}, []int{5, 50}
			}),
			[]Point{
				{Run: "parallel=1", Parallel: 1, Mode: Closed, Limit: 1, Warmup: 1, Number: 5, Asked: 5},
				{Run: "parallel=2", Parallel: 2, Mode: Closed, Limit: 2, Warmup: 5, Number: 50, Asked: 50},
			}, false,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			points, err := c.plan.Points()
			if err != nil || len(points) != len(c.want) {
				t.Fatalf("%d points, %v; want %d", len(points), err, len(c.want))
			}
			for i, p := range points {
				want := c.want[i]
				want.Sweep = len(c.want) > 1
				if want.Speedup == 0 {
					want.Speedup = 1
				}
				if (p.Pacer != nil) != c.paced {
					t.Errorf("point %d: has a pacer: %v", i, p.Pacer != nil)
				}
				p.Pacer = nil // functions are compared with nil only
				if !reflect.DeepEqual(p, want) {
					t.Errorf("point %d:\n%+v, want\n%+v", i, p, want)
				}
			}
		})
	}
}

func TestPlanSeed(t *testing.T) {
	second := func(seed uint64) (at time.Duration) {
		p := plan(func(p *Plan) { p.Rates, p.Seed = []float64{10}, seed })
		points, err := p.Points()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for at = range points[0].Pacer {
			if n++; n == 2 {
				break
			}
		}
		return at
	}
	if first, again := second(1), second(1); first != again || first == second(2) {
		t.Error("a seed must determine the arrival times")
	}
}

func TestPlanErrors(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		plan Plan
		want string
		why  string
	}{
		{plan(func(p *Plan) { p.Rates = []float64{1, 0} }), "rate: 0 is not above 0", "rate-not-positive"},
		{plan(func(p *Plan) { p.Rates = []float64{math.NaN()} }), "rate: NaN is not above 0", "rate-not-positive"},
		{plan(func(p *Plan) { p.Parallel = []int{1, 0} }), "parallel: 1 0 has a number below 1", ""},
		{plan(func(p *Plan) { p.Numbers = []int{-1} }), "number: -1 has a number below 0", ""},
		{
			plan(func(p *Plan) { p.Arrival, p.Rates = ArrivalTrace, []float64{1} }),
			"rate: a trace has its own times", "trace-has-times",
		},
		{plan(func(p *Plan) { p.Speedup = 0 }), "speedup: 0 is not above 0", ""},
		{
			plan(func(p *Plan) { p.Rates, p.Numbers = []float64{1, 2}, []int{1, 2, 3} }),
			"number: has 3 values where another list has 2", "lengths-differ",
		},
		{plan(func(p *Plan) { p.Numbers = []int{1, 2} }), "number: has 2 values for one load point", "needs-levels"},
		{plan(func(p *Plan) { p.Arrival, p.Rates = "ramp:1-2/3s", []float64{1} }), "rate: a ramp has its own rates", ""},
		{
			plan(func(p *Plan) { p.Arrival, p.Rates = "constant", []float64{inf} }),
			"arrival: constant needs a rate, and inf is none", "needs-finite-rate",
		},
		{plan(func(p *Plan) { p.Arrival = "constant" }), "arrival: constant needs a rate", "needs-rate"},
		{
			plan(func(p *Plan) { p.Arrival, p.Rates = "sometimes", []float64{1} }),
			`arrival: "sometimes" is not known`, "unknown-arrival",
		},
		{plan(func(p *Plan) { p.Warmup = 0.5 }), "warmup-num: a share of the requests needs their number", "needs-number"},
		{plan(func(p *Plan) { p.Warmup = 1.5 }), "warmup-num: 1.5 is neither a whole number nor a share below 1", ""},
	} {
		points, err := c.plan.Points()
		e, ok := errors.AsType[*fault.Error](err)
		if !ok || e.Code != fault.CodeUsage || e.Setting+": "+e.Error() != c.want || e.Reason != c.why || points != nil {
			t.Errorf("%+v: %v, %v; want %s (%s)", c.plan, points, err, c.want, c.why)
		}
	}
}

func TestLimitConns(t *testing.T) {
	for _, c := range []struct {
		conns int
		open  int // limit of the open loop then
		over  int // limit of the point that is returned; 0: none
	}{{0, 0, 0}, {8, 8, 0}, {7, 7, 8}, {3, 3, 4}} {
		points := []Point{{Mode: Open}, {Mode: Closed, Limit: 4}, {Mode: Capped, Limit: 8}}
		over := 0
		if p := LimitConns(points, c.conns); p != nil {
			over = p.Limit
		}
		if over != c.over || points[0].Limit != c.open {
			t.Errorf("%d connections: open loop %d, over %d; want %d, %d", c.conns, points[0].Limit, over, c.open, c.over)
		}
	}
}
