package load

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// By a schedule, a line that comes late also delays the requests that are due while it is awaited.
func TestSlowInputDelaysTheFollowing(t *testing.T) {
	p := Point{Mode: Open, Number: 5, Pacer: every(10 * ms)}
	src := &lines{n: 5}
	var waited atomic.Int64
	recs, _, err := run(t, p, &fakeServer{takes: 10 * ms}, sourceFunc(func(i int) (*Request, error) {
		if i == 1 {
			waited.Add(int64(25 * ms))
			time.Sleep(25 * ms)
		}
		return src.Next(context.Background())
	}), func(e *Engine) { e.Waited = func() time.Duration { return time.Duration(waited.Load()) } })
	var got []float64
	for _, r := range recs {
		got = append(got, r.InputWaitMs)
	}
	if want := "0:0+0+0=0 1:10+0+15=25 2:20+0+5=25 3:30+0+0=30 4:40+0+0=40"; times(recs) != want ||
		!slices.Equal(got, []float64{0, 15, 5, 0, 0}) || err != nil {
		t.Errorf("got %s %v (%v)", times(recs), got, err)
	}
}

// An input without a request that is due before the end of a duration is noted.
func TestUnfed(t *testing.T) {
	for name, c := range map[string]struct {
		p    Point
		src  *lines
		want Result
	}{
		"an open loop's input ends": {Point{Mode: Open, Pacer: every(10 * ms)}, &lines{n: 3},
			Result{Measured: 3, Unfed: 70 * ms, Dry: true}},
		"an open loop's input stalls": {Point{Mode: Open, Pacer: every(10 * ms)}, &lines{n: -1},
			Result{Measured: 3, Unfed: 70 * ms}},
		"the last request was the last": {Point{Mode: Open, Pacer: every(40 * ms)}, &lines{n: 3}, Result{Measured: 3}},
		"a closed loop's input ends": {Point{Mode: Closed, Limit: 1}, &lines{n: 3},
			Result{Measured: 3, Unfed: 70 * ms, Dry: true}},
		"a closed loop's input stalls": {Point{Mode: Closed, Limit: 1}, &lines{n: -1},
			Result{Measured: 3, Unfed: 70 * ms}},
		"the number comes first": {Point{Mode: Closed, Limit: 1, Number: 3}, &lines{n: 3}, Result{Measured: 3}},
		"all at once":            {Point{Mode: Open}, &lines{n: 3}, Result{Measured: 3}},
	} {
		c.p.Duration = 100 * ms
		var waited atomic.Int64
		_, res, err := run(t, c.p, &fakeServer{takes: 10 * ms}, interrupted{c.src, &waited},
			func(e *Engine) { e.Waited = func() time.Duration { return time.Duration(waited.Load()) } })
		if res != c.want || err != nil {
			t.Errorf("%s: %+v, %v; want %+v", name, res, err, c.want)
		}
	}
}

// interrupted is a source whose Next ends with its context, and that measures how long it was waited for.
type interrupted struct {
	*lines
	waited *atomic.Int64
}

func (s interrupted) Next(ctx context.Context) (*Request, error) {
	begin := time.Now()
	defer func() { s.waited.Add(int64(time.Since(begin))) }()
	if s.i == 3 && s.n < 0 {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	return s.lines.Next(ctx)
}
