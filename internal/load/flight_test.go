package load

import (
	"context"
	"strings"
	"testing"
	"time"

	"perfpipe/internal/request"
)

// stuck is an async whose every other request waits in its last call of Go, as a Doer does that retries after a pause.
type stuck struct{ async }

func (s *stuck) Begin(ctx context.Context, req *Request, wake func()) Pending {
	p := s.async.Begin(ctx, req, wake)
	if strings.Contains(string(req.Body), "wait") {
		return &stuckRequest{p}
	}
	return p
}

type stuckRequest struct{ Pending }

func (s *stuckRequest) Go() *Record {
	rec := s.Pending.Go()
	if rec != nil {
		time.Sleep(time.Hour)
	}
	return rec
}

// A request that is woken is gone on with at once, however many workers wait within others.
func TestWokenWhileWorkersWait(t *testing.T) {
	const n = 200
	src := &lines{n: n, make: func(i int) *Request {
		return NewRequest(request.Request{Body: []byte([...]string{"go", "wait"}[i%2])})
	}}
	s := &stuck{async{fakeServer: fakeServer{takes: 100 * ms}}}
	recs, _, err := run(t, Point{Mode: Open, Pacer: every(ms)}, s, src, nil)
	if len(recs) != n || err != nil {
		t.Fatalf("%d records, %v", len(recs), err)
	}
	for _, r := range recs {
		if r.LatencyMs != 100 || r.LagMs != 0 { // the latency is measured before the wait
			t.Errorf("request %d: %g ms, lag %g ms", r.Seq, r.LatencyMs, r.LagMs)
		}
	}
}

// edits is a Doer that changes bodies, as client does.
type edits struct{ fakeServer }

func (e *edits) Do(ctx context.Context, req *Request) *Record {
	req.SetBody([]byte(`{"model":"one name of a model",`), req.Body[1:])
	return e.fakeServer.Do(ctx, req)
}

// A Doer may change the body of a request whose messages are the history of others.
func TestHistoryOutlivesTheBody(t *testing.T) {
	src := &lines{n: 1, make: func(int) *Request {
		s := graph(t, "s", "a b~a c~b")
		for _, r := range s.Whole.requests {
			r.SetBody(r.Body)
		}
		return s
	}}
	e := &edits{fakeServer{takes: ms, reply: func(int) string { return `{"role":"assistant","content":"r"}` }}}
	if _, _, err := run(t, Point{Mode: Closed, Limit: 1}, e, src, nil); err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(e.bodies[len(e.bodies)-1], `,`)
	want := `"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"r"},` +
		`{"role":"user","content":"b"},{"role":"assistant","content":"r"},{"role":"user","content":"c"}]}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
