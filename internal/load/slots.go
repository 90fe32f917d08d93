package load

import (
	"context"
	"sync"
	"time"
)

// slots are the workers of a phase. A free slot is an idle worker, and the one that was idle for the shortest time is
// taken first: its connection is the warmest.
type slots struct {
	limit int // 0: none

	mu    sync.Mutex
	idle  []*worker
	all   []*worker
	freed chan struct{} // holds a token while a worker may have become idle
	busy  sync.WaitGroup
}

type worker struct {
	jobs  chan job
	freed time.Time
}

func (s *slots) init(limit int) {
	s.limit = limit
	s.freed = make(chan struct{}, 1)
}

// take gives an idle worker, or a new one that runs work, or waits for one. freed is when it fell free: zero for a new
// one.
func (s *slots) take(ctx context.Context, work func(<-chan job, func(time.Time))) (jobs chan<- job, freed time.Time, err error) {
	for {
		if ctx.Err() != nil {
			return nil, freed, context.Cause(ctx)
		}
		if w := s.tryTake(work); w != nil {
			return w.jobs, w.freed, nil
		}
		select {
		case <-s.freed:
		case <-ctx.Done():
		}
	}
}

func (s *slots) tryTake(work func(<-chan job, func(time.Time))) *worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.idle); n > 0 {
		w := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.busy.Add(1)
		return w
	}
	if s.limit > 0 && len(s.all) == s.limit {
		return nil
	}
	w := &worker{jobs: make(chan job, 1)}
	s.all = append(s.all, w)
	s.busy.Add(1)
	go work(w.jobs, func(at time.Time) { s.release(w, at) })
	return w
}

func (s *slots) release(w *worker, at time.Time) {
	s.mu.Lock()
	w.freed = at
	s.idle = append(s.idle, w)
	s.mu.Unlock()
	s.busy.Done()
	select {
	case s.freed <- struct{}{}:
	default:
	}
}

// drain waits for the jobs under way and ends the workers.
func (s *slots) drain() {
	s.busy.Wait()
	for _, w := range s.all {
		close(w.jobs)
	}
}
