package search

import (
	"context"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
	"perfpipe/internal/schedule"
)

// singleServer answers one request at a time.
type singleServer struct {
	takes time.Duration

	mu   sync.Mutex
	free time.Time
}

func (s *singleServer) Do(ctx context.Context, _ *load.Request) *load.Record {
	sent := time.Now()
	s.mu.Lock()
	if s.free.Before(sent) {
		s.free = sent
	}
	s.free = s.free.Add(s.takes)
	end := s.free
	s.mu.Unlock()
	rec := &load.Record{Record: record.Record{SentUs: sent.UnixMicro(), OK: true}}
	select {
	case <-time.After(time.Until(end)):
	case <-ctx.Done():
		rec.OK, rec.Error = false, &record.Error{Kind: record.KindCanceled}
	}
	rec.LatencyMs = float64(time.Since(sent)) / float64(time.Millisecond)
	return rec
}

// endless is a source without an end.
type endless struct{}

func (endless) Next(context.Context) (*load.Request, error) {
	return load.NewRequest(request.Request{Body: []byte("{}")}), nil
}

// A load point whose backlog grows ends early, also if an earlier run has sent a part of it: some requests at its
// beginning and some after them, as those in flight at its end leave it.
func TestBacklogOfResumedRun(t *testing.T) {
	gaps := func(line int64) bool { return line < 50 || line < 80 && line%2 == 0 }
	for name, sent := range map[string]load.Sent{
		"new":           {},
		"resumed":       {Has: func(line int64, _ *load.Request) (bool, error) { return gaps(line), nil }},
		"conversations": {Has: func(line int64, _ *load.Request) (bool, error) { return gaps(line), nil }, Seq: 90},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &load.Engine{
					Doer: &singleServer{takes: 200 * time.Millisecond}, Source: endless{}, Ns: time.Time.UnixNano, Sent: sent,
					Sleep: func(ctx context.Context, until time.Time) error {
						select {
						case <-time.After(time.Until(until)):
							return nil
						case <-ctx.Done():
							return context.Cause(ctx)
						}
					},
				}
				p := load.Point{Run: "rate=10", Rate: 10, Mode: load.Open, Pacer: schedule.Constant(10), Number: 10_000}
				ctx, w := Limits{ErrorShare: 1, Backlog: true}.Watch(t.Context(), p, &e.Counts, 1, nil)
				e.Emit = func(rec *load.Record) error { w.Add(rec); return nil }
				_, err := e.Run(ctx, p)
				early, err := w.Stop(err)
				if early == nil || early.Cause != BacklogGrows || err != nil && err != io.EOF {
					t.Errorf("ended by %v, %v", early, err)
				}
			})
		})
	}
}
