package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"perfpipe/internal/record"
	"perfpipe/internal/request"
	"perfpipe/internal/schedule"
)

const ms = time.Millisecond

// fakeServer takes its time for each request and keeps what it was asked.
type fakeServer struct {
	takes time.Duration
	fail  func(n int) bool
	reply func(n int) string

	mu     sync.Mutex
	bodies []string
}

func (f *fakeServer) Do(ctx context.Context, req *Request) *Record {
	rec := &Record{Record: record.Record{ID: req.ID, SentUs: time.Now().UnixMicro(), OK: true}}
	f.mu.Lock()
	n := len(f.bodies)
	f.bodies = append(f.bodies, string(req.Body))
	f.mu.Unlock()
	if err := waitUntil(ctx, time.Now().Add(f.takes)); err != nil {
		rec.OK, rec.Error = false, &record.Error{Kind: record.KindCanceled, Message: err.Error()}
	}
	if f.fail != nil && f.fail(n) {
		rec.OK = false
	}
	rec.LatencyMs = float64(time.Now().UnixMicro()-rec.SentUs) / 1000
	if f.reply != nil && req.WantReply {
		rec.Reply = []byte(f.reply(n))
	}
	return rec
}

// lines is a source of n requests; a negative n has no end.
type lines struct {
	n    int
	make func(i int) *Request
	wait time.Duration // before each
	i    int
}

func (l *lines) Next(ctx context.Context) (*Request, error) {
	if l.i == l.n {
		return nil, io.EOF
	}
	if l.wait > 0 {
		if err := waitUntil(ctx, time.Now().Add(l.wait)); err != nil {
			return nil, err
		}
	}
	i := l.i
	l.i++
	if l.make != nil {
		return l.make(i), nil
	}
	return NewRequest(request.Request{Body: []byte(fmt.Sprintf(`{"i":%d}`, i))}), nil
}

// every starts a request each d.
func every(d time.Duration) schedule.Pacer {
	return schedule.Constant(float64(time.Second) / float64(d))
}

// run runs a point in a bubble and returns the records by seq, with instants as offsets from the start.
func run(t *testing.T, p Point, doer Doer, src Source, change func(*Engine)) (recs []*Record, res Result, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now().UnixMicro()
		var mu sync.Mutex
		e := &Engine{RunID: "x",
			Doer: doer, Source: src, Sleep: waitUntil, Ns: time.Time.UnixNano,
			Emit: func(r *Record) error {
				mu.Lock()
				defer mu.Unlock()
				r.ScheduledUs -= begin
				r.SentUs -= begin
				recs = append(recs, r)
				return nil
			},
		}
		if change != nil {
			change(e)
		}
		ctx := t.Context()
		res, err = e.Run(ctx, p)
	})
	slices.SortFunc(recs, func(a, b *Record) int { return int(a.Seq - b.Seq) })
	return recs, res, err
}

// times shows due, queue, lag and sent of each record, in ms.
func times(recs []*Record) string {
	var b strings.Builder
	for _, r := range recs {
		fmt.Fprintf(&b, "%d:%g+%g+%g=%g ", r.Seq, float64(r.ScheduledUs)/1000, r.QueueMs, r.LagMs, float64(r.SentUs)/1000)
	}
	return strings.TrimSpace(b.String())
}

func TestClosedLoopIsDueWhenASlotFallsFree(t *testing.T) {
	p := Point{Run: "parallel=2", Parallel: 2, Mode: Closed, Limit: 2, Number: 5}
	recs, res, err := run(t, p, &fakeServer{takes: 100 * ms}, &lines{n: -1}, nil)
	if want := "0:0+0+0=0 1:0+0+0=0 2:100+0+0=100 3:100+0+0=100 4:200+0+0=200"; times(recs) != want || err != nil {
		t.Errorf("got %s, want %s (%v)", times(recs), want, err)
	}
	if (res != Result{Measured: 5}) {
		t.Errorf("result %+v", res)
	}
	if r := recs[0]; r.Run != "parallel=2" || r.Mode != "closed" || r.Parallel != 2 || r.Phase != "measure" || r.RunID != "x" || r.ID != "x-0" {
		t.Errorf("record %+v", r)
	}
}

// The first requests of many slots do not come all at once.
func TestClosedLoopComesUpInGroups(t *testing.T) {
	sessions := func(i int) *Request { return graph(t, fmt.Sprint("s", i), "a") }
	for _, c := range []struct {
		src   *lines
		group int
	}{{&lines{n: -1}, 64}, {&lines{n: -1, make: sessions}, 32}} {
		p := Point{Parallel: 150, Mode: Closed, Limit: 150, Number: 151}
		recs, _, _ := run(t, p, &fakeServer{takes: 100 * ms}, c.src, nil)
		for i, r := range recs {
			due := float64(i / c.group * 5)
			if i == 150 {
				due = 100 // the first slot's second
			}
			if got := float64(r.ScheduledUs-recs[0].ScheduledUs) / 1000; got != due || r.LagMs != 0 {
				t.Errorf("groups of %d: request %d due at %g ms, want %g, and %g ms late", c.group, i, got, due, r.LagMs)
			}
		}
	}
}

func TestOpenLoopDoesNotWait(t *testing.T) {
	p := Point{Mode: Open, Pacer: every(10 * ms), Number: 4}
	recs, _, _ := run(t, p, &fakeServer{takes: time.Second}, &lines{n: -1}, nil)
	if want := "0:0+0+0=0 1:10+0+0=10 2:20+0+0=20 3:30+0+0=30"; times(recs) != want {
		t.Errorf("got %s, want %s", times(recs), want)
	}
}

func TestCapMakesRequestsQueue(t *testing.T) {
	p := Point{Mode: Capped, Pacer: every(10 * ms), Limit: 1, Number: 4}
	recs, _, _ := run(t, p, &fakeServer{takes: 25 * ms}, &lines{n: -1}, nil)
	if want := "0:0+0+0=0 1:10+15+0=25 2:20+30+0=50 3:30+45+0=75"; times(recs) != want {
		t.Errorf("got %s, want %s", times(recs), want)
	}
}

// Where an open loop has no connection left, that is the load generator's fault and not the system's.
func TestOpenLoopShortOfConnectionsLags(t *testing.T) {
	p := Point{Mode: Open, Pacer: every(10 * ms), Limit: 1, Number: 3}
	recs, _, _ := run(t, p, &fakeServer{takes: 25 * ms}, &lines{n: -1}, nil)
	if want := "0:0+0+0=0 1:10+0+15=25 2:20+0+30=50"; times(recs) != want {
		t.Errorf("got %s, want %s", times(recs), want)
	}
	for i, r := range recs {
		if want := float64(15 * i); r.ConnectionWaitMs != want {
			t.Errorf("request %d waited %g ms for a connection, want %g", i, r.ConnectionWaitMs, want)
		}
	}
}

// The first session takes half of the connections, which may all be in use.
func TestOpenLoopShortOfConnectionsForSessions(t *testing.T) {
	mixed := &lines{n: 6, make: func(i int) *Request {
		if i == 3 {
			return graph(t, "s", "a")
		}
		return NewRequest(request.Request{Body: []byte("{}")})
	}}
	p := Point{Mode: Open, Pacer: every(10 * ms), Limit: 4}
	recs, _, err := run(t, p, &fakeServer{takes: 100 * ms}, mixed, nil)
	for i, r := range recs {
		want := 0.0
		if i > 3 {
			want = 60
		}
		if r.LagMs != want || r.ConnectionWaitMs != want {
			t.Errorf("request %d is %g ms late, and waited %g ms for a connection: want %g (%v)",
				i, r.LagMs, r.ConnectionWaitMs, want, err)
		}
	}
}

// The requests of a session that follow one another at once may be more than the connections.
func TestSessionShortOfConnectionsLags(t *testing.T) {
	for conns, want := range map[int]string{
		0: "a:0 b:100+0 c:100+0 d:100+0 e:150+0", 1: "a:0 b:100+0 c:100+0 d:100+100 e:150+150",
		2: "a:0 b:100+0 c:100+0 d:100+0 e:150+50",
	} {
		p := Point{Mode: Closed, Limit: 1, Conns: conns}
		recs, _, err := run(t, p, &fakeServer{takes: 100 * ms}, graphs(t, "a b<a c<a d<a e<a+50"), nil)
		var got []string
		for _, r := range recs {
			text := fmt.Sprintf("%s:%d", r.ID, r.ScheduledUs/1000)
			if r.ID != "a" {
				text += fmt.Sprintf("+%g", r.ConnectionWaitMs)
			}
			got = append(got, text)
			if r.ConnectionWaitMs != r.LagMs {
				t.Errorf("%d connections: %s waited %g ms for one, and is %g ms late", conns, r.ID, r.ConnectionWaitMs, r.LagMs)
			}
		}
		slices.Sort(got)
		if s := strings.Join(got, " "); s != want || err != nil {
			t.Errorf("%d connections: got %s, want %s (%v)", conns, s, want, err)
		}
	}
}

// A late input shifts nothing that follows, and is the load generator's lateness.
func TestLatenessNeverShiftsTheSchedule(t *testing.T) {
	p := Point{Mode: Open, Pacer: every(10 * ms), Number: 3}
	src := &lines{n: -1, wait: 15 * ms}
	recs, _, _ := run(t, p, &fakeServer{}, src, nil)
	if want := "0:15+0+0=15 1:25+0+5=30 2:35+0+10=45"; times(recs) != want {
		t.Errorf("got %s, want %s", times(recs), want)
	}
}

func TestWarmupIsDrainedAndMarked(t *testing.T) {
	p := Point{Mode: Closed, Limit: 2, Warmup: 3, Number: 2}
	recs, res, _ := run(t, p, &fakeServer{takes: 100 * ms}, &lines{n: -1}, nil)
	var phases []string
	for _, r := range recs {
		phases = append(phases, r.Phase)
	}
	if want := []string{"warmup", "warmup", "warmup", "measure", "measure"}; !slices.Equal(phases, want) {
		t.Errorf("phases %v", phases)
	}
	if want := "0:0+0+0=0 1:0+0+0=0 2:100+0+0=100 3:200+0+0=200 4:200+0+0=200"; times(recs) != want {
		t.Errorf("got %s, want %s", times(recs), want)
	}
	if (res != Result{Warmed: 3, Measured: 2}) {
		t.Errorf("result %+v", res)
	}
}

func TestDurationEndsTheStarting(t *testing.T) {
	for _, c := range []struct {
		name string
		p    Point
		want string
	}{
		{"open", Point{Mode: Open, Pacer: every(10 * ms)}, "0:0+0+0=0 1:10+0+0=10 2:20+0+0=20"},
		{"closed", Point{Mode: Closed, Limit: 1}, "0:0+0+0=0 1:20+0+0=20"},
		{"capped", Point{Mode: Capped, Limit: 1, Pacer: every(10 * ms)}, "0:0+0+0=0 1:10+10+0=20"},
	} {
		c.p.Duration = 30 * ms
		recs, res, err := run(t, c.p, &fakeServer{takes: 20 * ms}, &lines{n: -1}, nil)
		if times(recs) != c.want || err != nil || res.Short {
			t.Errorf("%s: got %s, want %s (%v, %+v)", c.name, times(recs), c.want, err, res)
		}
	}
}

func TestShortInputIsTold(t *testing.T) {
	for n, want := range map[int]Result{
		1: {Warmed: 1, Short: true}, 4: {Warmed: 2, Measured: 2, Short: true}, 9: {Warmed: 2, Measured: 5},
	} {
		p := Point{Mode: Closed, Limit: 1, Warmup: 2, Number: 5}
		recs, res, err := run(t, p, &fakeServer{}, &lines{n: n}, nil)
		if res != want || err != nil || len(recs) != want.Warmed+want.Measured {
			t.Errorf("%d lines: %+v, %d records, %v", n, res, len(recs), err)
		}
	}
}

func TestTrace(t *testing.T) {
	at := func(ms ...float64) *lines {
		return &lines{n: len(ms), make: func(i int) *Request {
			return NewRequest(request.Request{Source: request.Source{File: "t", Line: i + 1}, AtMs: &ms[i]})
		}}
	}
	p := Point{Mode: Open, Trace: true, Speedup: 2}
	recs, _, err := run(t, p, &fakeServer{}, at(0, 10, 10, 50), nil)
	if want := "0:0+0+0=0 1:5+0+0=5 2:5+0+0=5 3:25+0+0=25"; times(recs) != want || err != nil {
		t.Errorf("got %s, want %s (%v)", times(recs), want, err)
	}
	_, _, err = run(t, p, &fakeServer{}, at(0, 10, 9), nil)
	if err == nil || !strings.HasPrefix(err.Error(), "t:3: at_ms decreases") {
		t.Errorf("decrease: %v", err)
	}
	_, _, err = run(t, p, &fakeServer{}, &lines{n: 1}, nil)
	if err == nil || !strings.Contains(err.Error(), "no at_ms") {
		t.Errorf("no at_ms: %v", err)
	}
}

func conversation(delay float64, turns ...string) *Request { return named("c", delay, turns...) }

func named(name string, delay float64, turns ...string) *Request {
	r := request.Request{ID: name}
	for i, turn := range turns {
		body := fmt.Sprintf(`{"messages":[{"role":"user","content":%q}],"n":%d}`, turn, i)
		r.Turns = append(r.Turns, request.Turn{Body: []byte(body), DelayMs: delay})
	}
	r.Turns[0].DelayMs = 0
	whole, err := NewConversation(name, r)
	if err != nil {
		panic(err)
	}
	return whole
}

func TestConversation(t *testing.T) {
	server := &fakeServer{takes: 100 * ms, reply: func(n int) string { return fmt.Sprintf(`{"role":"assistant","content":"r%d"}`, n) }}
	src := &lines{n: 1, make: func(int) *Request { return conversation(50, "a", "b", "c") }}
	recs, res, err := run(t, Point{Mode: Closed, Limit: 4}, server, src, nil)
	if want := "0:0+0+0=0 1:150+0+0=150 2:300+0+0=300"; times(recs) != want || err != nil {
		t.Errorf("got %s, want %s (%v)", times(recs), want, err)
	}
	want := []string{
		`{"messages":[{"role":"user","content":"a"}],"n":0}`,
		`{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"r0"},{"role":"user","content":"b"}],"n":1}`,
		`{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"r0"},{"role":"user","content":"b"},` +
			`{"role":"assistant","content":"r1"},{"role":"user","content":"c"}],"n":2}`,
	}
	if !slices.Equal(server.bodies, want) {
		t.Errorf("bodies %q", server.bodies)
	}
	for i, r := range recs {
		if r.Session != "c" || r.Turn != i+1 {
			t.Errorf("record %d: session %q, turn %d", i, r.Session, r.Turn)
		}
	}
	if res.Measured != 1 {
		t.Errorf("number counts conversations, got %+v", res)
	}
}

// A turn that is due when the duration is over, or later, is not sent, and its slot begins no other conversation.
func TestDurationHoldsForTurns(t *testing.T) {
	p := Point{Mode: Closed, Limit: 1, Duration: 400 * ms}
	server := &fakeServer{takes: 100 * ms, reply: func(int) string { return `{"role":"assistant","content":"r"}` }}
	var end time.Duration
	source := &lines{n: -1, make: func(int) *Request { return conversation(100, "a", "b", "c", "d") }}
	recs, _, err := run(t, p, server, source, func(e *Engine) {
		begin := time.Now()
		emit := e.Emit
		e.Emit = func(r *Record) error {
			end = time.Since(begin)
			return emit(r)
		}
	})
	if want := "0:0+0+0=0 1:200+0+0=200"; times(recs) != want || err != nil {
		t.Errorf("got %s, want %s (%v)", times(recs), want, err)
	}
	if end != 300*ms {
		t.Errorf("the last turn ended at %v", end)
	}
}

func TestFailedTurnEndsItsConversation(t *testing.T) {
	server := &fakeServer{fail: func(n int) bool { return n == 1 }, reply: func(int) string { return `{}` }}
	src := &lines{n: 1, make: func(int) *Request { return conversation(0, "a", "b", "c") }}
	recs, _, _ := run(t, Point{Mode: Closed, Limit: 1}, server, src, nil)
	if len(recs) != 2 || !recs[0].OK || recs[1].OK {
		t.Errorf("%d records", len(recs))
	}
}

// Interrupted, the requests in flight may go on for the grace, then they are cancelled: each has its record.
func TestInterrupt(t *testing.T) {
	errStop := errors.New("stop")
	for _, c := range []struct {
		grace time.Duration
		ok    bool
		end   float64
	}{{time.Second, true, 100}, {30 * ms, false, 60}} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(30*ms, func() { cancel(errStop) })
			var recs []*Record
			var mu sync.Mutex
			e := &Engine{
				Doer: &fakeServer{takes: 100 * ms}, Source: &lines{n: -1}, Sleep: waitUntil, Ns: time.Time.UnixNano, Grace: c.grace,
				Emit: func(r *Record) error { mu.Lock(); recs = append(recs, r); mu.Unlock(); return nil },
			}
			_, err := e.Run(ctx, Point{Mode: Closed, Limit: 3})
			if !errors.Is(err, errStop) || len(recs) != 3 {
				t.Errorf("%v, %d records", err, len(recs))
			}
			for _, r := range recs {
				if r.OK != c.ok || r.LatencyMs != c.end {
					t.Errorf("grace %v: ok %v, %g ms", c.grace, r.OK, r.LatencyMs)
				}
			}
			if n := e.Counts.InFlight.Load(); n != 0 {
				t.Errorf("%d in flight", n)
			}
		})
	}
}

// A broken output ends the run; what was started still gets its record.
// Nor do requests in flight go on for longer than the grace, when nobody takes their records.
func TestEmitErrorCutsTheRun(t *testing.T) {
	broken := errors.New("broken pipe")
	synctest.Test(t, func(t *testing.T) {
		begin, n := time.Now(), 0
		var mu sync.Mutex
		e := &Engine{
			Doer: doerFunc(func(ctx context.Context, req *Request) *Record {
				mu.Lock()
				n++
				takes := time.Duration(n) * time.Minute
				mu.Unlock()
				return (&fakeServer{takes: takes}).Do(ctx, req)
			}),
			Source: &lines{n: 2}, Sleep: waitUntil, Ns: time.Time.UnixNano, Grace: time.Second,
			Emit: func(*Record) error { return broken },
		}
		_, err := e.Run(t.Context(), Point{Mode: Closed, Limit: 2})
		if took := time.Since(begin); !errors.Is(err, broken) || took != time.Minute+time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}

type doerFunc func(context.Context, *Request) *Record

func (f doerFunc) Do(ctx context.Context, req *Request) *Record { return f(ctx, req) }

func TestEmitErrorEndsTheRun(t *testing.T) {
	broken := errors.New("broken pipe")
	n := 0
	_, res, err := run(t, Point{Mode: Closed, Limit: 1}, &fakeServer{takes: ms}, &lines{n: -1}, func(e *Engine) {
		e.Emit = func(*Record) error {
			if n++; n == 3 {
				return broken
			}
			return nil
		}
	})
	if err != broken || res.Measured != n {
		t.Errorf("%v after %d records of %d started", err, n, res.Measured)
	}
}

// A record that waits to be written holds up the slot. The next request's lag says so, and the one before is not in
// flight.
func TestSlowOutputIsLag(t *testing.T) {
	p := Point{Mode: Closed, Limit: 1, Number: 3}
	var inFlight int64
	recs, _, err := run(t, p, &fakeServer{takes: 100 * ms}, &lines{n: -1}, func(e *Engine) {
		emit := e.Emit
		e.Emit = func(r *Record) error {
			inFlight = max(inFlight, e.Counts.InFlight.Load())
			time.Sleep(30 * ms)
			return emit(r)
		}
	})
	if want := "0:0+0+0=0 1:100+0+30=130 2:230+0+30=260"; times(recs) != want || err != nil {
		t.Errorf("got %s, want %s (%v)", times(recs), want, err)
	}
	got := []float64{recs[0].OutputWaitMs, recs[1].OutputWaitMs, recs[2].OutputWaitMs}
	if !slices.Equal(got, []float64{0, 30, 30}) || inFlight != 0 {
		t.Errorf("waits for the output of %v, %d in flight meanwhile", got, inFlight)
	}
}

// With a cap, the wait for a slot whose record is being written is lag, not queueing: the server is not to blame.
func TestSlowOutputIsNoQueue(t *testing.T) {
	p := Point{Mode: Capped, Limit: 1, Number: 2, Pacer: every(10 * ms)}
	recs, _, _ := run(t, p, &fakeServer{takes: 100 * ms}, &lines{n: -1}, func(e *Engine) {
		emit := e.Emit
		e.Emit = func(r *Record) error {
			time.Sleep(30 * ms)
			return emit(r)
		}
	})
	if want := "0:0+0+0=0 1:10+90+30=130"; times(recs) != want || recs[1].OutputWaitMs != 30 {
		t.Errorf("got %s, want %s; %v ms for the output", times(recs), want, recs[1].OutputWaitMs)
	}
}

// Lines that come late are named, in the records of all slots that waited for them.
func TestSlowInputIsNamed(t *testing.T) {
	src := &lines{n: 4, wait: 50 * ms}
	p := Point{Mode: Closed, Limit: 2}
	var waited atomic.Int64
	recs, _, err := run(t, p, &fakeServer{takes: 10 * ms}, sourceFunc(func(i int) (*Request, error) {
		begin := time.Now()
		r, err := src.Next(context.Background())
		waited.Add(int64(time.Since(begin)))
		return r, err
	}), func(e *Engine) { e.Waited = func() time.Duration { return time.Duration(waited.Load()) } })
	var got []float64
	for _, r := range recs {
		got = append(got, r.InputWaitMs)
	}
	if want := "0:50+0+0=50 1:50+0+50=100 2:60+0+90=150 3:110+0+90=200"; times(recs) != want || !slices.Equal(got, []float64{0, 50, 90, 90}) || err != nil {
		t.Errorf("got %s %v (%v)", times(recs), got, err)
	}
}

// A run whose last requests were canceled was interrupted, also if none was left to start.
func TestInterruptOfTheLast(t *testing.T) {
	for _, test := range []struct {
		grace time.Duration
		want  error
	}{{0, errStop}, {200 * ms, nil}} {
		var err error
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(50*ms, func() { cancel(errStop) })
			e := &Engine{
				Doer: &fakeServer{takes: 100 * ms}, Source: &lines{n: 2},
				Sleep: waitUntil, Ns: time.Time.UnixNano, Grace: test.grace,
				Emit: func(*Record) error { return nil },
			}
			_, err = e.Run(ctx, Point{Mode: Open})
		})
		if !errors.Is(err, test.want) {
			t.Errorf("with a grace of %v: %v", test.grace, err)
		}
	}
}

var errStop = errors.New("stop")

// What an earlier run has sent is passed over, and the schedule goes on where that run's ended.
func TestResumedRun(t *testing.T) {
	sent := func(lines ...int64) Sent {
		return Sent{Has: func(line int64, _ *Request) (bool, error) { return slices.Contains(lines, line), nil }}
	}
	for _, test := range []struct {
		name string
		p    Point
		sent Sent
		want string
	}{
		{"closed", Point{Mode: Closed, Limit: 1, Number: 4}, sent(0, 1), "2:0+0+0=0 3:100+0+0=100"},
		{"with a gap", Point{Mode: Closed, Limit: 1, Number: 5}, sent(0, 1, 3), "2:0+0+0=0 4:100+0+0=100"},
		{"open", Point{Mode: Open, Number: 6, Pacer: every(50 * ms)}, sent(0, 1, 2, 4), "3:0+0+0=0 5:100+0+0=100"},
		{"warmed up", Point{Mode: Closed, Limit: 1, Warmup: 2, Number: 2}, sent(0, 1, 2), "3:0+0+0=0"},
		{"all", Point{Mode: Closed, Limit: 1, Number: 2}, sent(0, 1), ""},
	} {
		recs, _, err := run(t, test.p, &fakeServer{takes: 100 * ms}, &lines{n: -1}, func(e *Engine) { e.Sent = test.sent })
		if times(recs) != test.want || err != nil {
			t.Errorf("%s: got %s, want %s (%v)", test.name, times(recs), test.want, err)
		}
	}
	p := Point{Run: "x", Mode: Closed, Limit: 1, Number: 4, Asked: 4}
	recs, _, _ := run(t, p, &fakeServer{}, &lines{n: -1}, func(e *Engine) {
		e.Sent = sent(0, 2)
		e.Sent.RunID = "first"
	})
	if len(recs) != 2 || recs[0].Number != 4 || recs[1].Continues != "first" {
		t.Errorf("of 4 requests, 2 were sent: %d are left, of %d, of %q", len(recs), recs[0].Number, recs[0].Continues)
	}
	bad := errors.New("another input")
	_, _, err := run(t, Point{Mode: Closed, Limit: 1}, &fakeServer{}, &lines{n: 3}, func(e *Engine) {
		e.Sent = Sent{Has: func(int64, *Request) (bool, error) { return false, bad }}
	})
	if !errors.Is(err, bad) {
		t.Error(err)
	}
}

// Reading past what an earlier run has sent may take long. It makes no request late.
func TestResumedRunIsNotLate(t *testing.T) {
	for _, test := range []struct {
		name string
		p    Point
		want string
	}{
		{"closed", Point{Mode: Closed, Limit: 1, Number: 4}, "2:3000+0+0=3000 3:3100+0+0=3100"},
		{"open", Point{Mode: Open, Number: 4, Pacer: every(50 * ms)}, "2:3000+0+0=3000 3:3050+0+0=3050"},
		{"capped", Point{Mode: Capped, Limit: 1, Number: 4, Pacer: every(50 * ms)}, "2:3000+0+0=3000 3:3050+50+0=3100"},
	} {
		src := sourceFunc(func(i int) (*Request, error) {
			if i < 3 {
				time.Sleep(time.Second)
			}
			return NewRequest(request.Request{Body: []byte("{}")}), nil
		})
		recs, _, err := run(t, test.p, &fakeServer{takes: 100 * ms}, src, func(e *Engine) {
			e.Sent = Sent{Has: func(line int64, _ *Request) (bool, error) { return line < 2, nil }}
		})
		if times(recs) != test.want || err != nil {
			t.Errorf("%s: got %s, want %s (%v)", test.name, times(recs), test.want, err)
		}
	}
}

// Where conversations were sent, numbers do not follow the lines; names do.
func TestResumedConversations(t *testing.T) {
	server := &fakeServer{takes: 100 * ms, reply: func(int) string { return `{"role":"assistant","content":"r"}` }}
	p := Point{Mode: Closed, Limit: 1, Number: 3}
	recs, _, err := run(t, p, server, &lines{n: -1, make: func(int) *Request {
		return named("", 0, "a", "b")
	}}, func(e *Engine) {
		e.RunID = "r"
		e.Sent = Sent{Has: func(line int64, _ *Request) (bool, error) { return line == 1, nil }, Seq: 7}
	})
	var got []string
	for _, r := range recs {
		got = append(got, fmt.Sprint(r.Seq, " ", r.Session, " ", r.Turn, "/", r.Turns))
	}
	if want := []string{"7 r-0 1/2", "8 r-0 2/2", "9 r-2 1/2", "10 r-2 2/2"}; !slices.Equal(got, want) || err != nil {
		t.Errorf("%v, want %v (%v)", got, want, err)
	}
}

func TestSourceErrorEndsTheRun(t *testing.T) {
	bad := errors.New("bad line")
	src := sourceFunc(func(i int) (*Request, error) {
		if i == 2 {
			return nil, bad
		}
		return NewRequest(request.Request{}), nil
	})
	recs, _, err := run(t, Point{Mode: Closed, Limit: 1}, &fakeServer{}, src, nil)
	if err != bad || len(recs) != 2 {
		t.Errorf("%v, %d records", err, len(recs))
	}
}

func sourceFunc(f func(i int) (*Request, error)) Source { return &funcSource{f: f} }

type funcSource struct {
	f func(int) (*Request, error)
	i int
}

func (s *funcSource) Next(context.Context) (*Request, error) {
	s.i++
	return s.f(s.i - 1)
}

func TestRampEndsTheRun(t *testing.T) {
	p := Point{Mode: Open, Pacer: schedule.Ramp(10, 10, 250*ms)}
	recs, res, err := run(t, p, &fakeServer{}, &lines{n: -1}, nil)
	if want := "0:0+0+0=0 1:100+0+0=100 2:200+0+0=200"; times(recs) != want || err != nil || res.Short {
		t.Errorf("got %s, want %s (%v)", times(recs), want, err)
	}
}

// A request gets the slot that became free last, whose connection is the warmest, and a new one if there is none.
func TestSlotIsTheWarmest(t *testing.T) {
	at := func(n int64) slot { return slot{free: time.Unix(n, 0)} }
	w := workers{fresh: func() slot { return at(9) }, free: []slot{at(1), at(2)}, n: 2, up: 3}
	for _, want := range []int64{2, 1, 9} {
		s, ok := w.lead()
		if !ok || s != at(want) {
			t.Errorf("got the slot of %v, %v, want %d", s.free.Unix(), ok, want)
		}
		if _, ok := w.lead(); ok {
			t.Error("two workers lead")
		}
		w.led = false
	}
	if _, ok := w.lead(); ok {
		t.Error("there are more slots than allowed")
	}
}

// async is a fakeServer that needs no goroutine while it waits. It is woken twice for each request.
type async struct {
	fakeServer
	goroutines atomic.Int64 // the most while a request was sent
}

func (a *async) Begin(ctx context.Context, req *Request, wake func()) Pending {
	return &asyncRequest{a: a, ctx: ctx, req: req, wake: wake}
}

type asyncRequest struct {
	a     *async
	ctx   context.Context
	req   *Request
	wake  func()
	steps int
	sent  time.Time
}

func (r *asyncRequest) Go() *Record {
	if r.steps++; r.steps == 1 {
		r.sent = time.Now()
		r.a.goroutines.Store(max(r.a.goroutines.Load(), int64(runtime.NumGoroutine())))
	}
	if r.steps < 3 {
		time.AfterFunc(r.a.takes/2, r.wake)
		return nil
	}
	rec := &Record{Record: record.Record{ID: r.req.ID, SentUs: r.sent.UnixMicro(), OK: true}}
	rec.LatencyMs = float64(time.Now().UnixMicro()-rec.SentUs) / 1000
	return rec
}

// A Starter's requests have the same times as those of a Doer, in all modes, and do not hold a goroutine each.
func TestStarter(t *testing.T) {
	const n = 500
	for _, p := range []Point{
		{Mode: Open, Pacer: every(ms), Number: n},
		{Mode: Closed, Limit: 400, Number: n},
		{Mode: Capped, Limit: 90, Pacer: every(ms), Number: n},
	} {
		waits := &fakeServer{takes: 100 * ms}
		want, _, err := run(t, p, waits, &lines{n: n}, nil)
		if err != nil {
			t.Fatal(err)
		}
		a := &async{fakeServer: fakeServer{takes: 100 * ms}}
		got, _, err := run(t, p, a, &lines{n: n}, nil)
		if err != nil || times(got) != times(want) {
			t.Errorf("%s: %v, got\n%s\nwant\n%s", p.Mode, err, times(got), times(want))
		}
		// A group of 64 ends at the same instant, each in the goroutine of its timer.
		if most := a.goroutines.Load(); most > 150 {
			t.Errorf("%s: %d goroutines", p.Mode, most)
		}
	}
}
