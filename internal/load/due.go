package load

import (
	"context"
	"errors"
	"sync"
	"time"
)

// dueQueue holds the requests of sessions that wait for their time only, however many. One worker at a time waits for
// the first of them, so that a waiting request costs an entry here and no goroutine.
type dueQueue struct {
	stop  context.Context // its end closes the queue
	sleep func(context.Context, time.Time) error
	drop  func(*session) // is called for each request that the closing leaves behind

	mu     sync.Mutex
	heap   []due // a binary heap by time, then by order of arrival
	pushed uint64
	closed bool
	ctx    context.Context // of the wait for the first request; nil: the next wait makes one
	wake   context.CancelFunc
	waits  bool // a worker waits
}

var errClosed = errors.New("all sessions have ended")

// due is a request of a session and when it is due.
type due struct {
	at      time.Duration // from the start of the phase
	n       uint64
	session *session
	index   int32
}

func (d *due) before(o *due) bool { return d.at < o.at || d.at == o.at && d.n < o.n }

// push adds a request. It reports false if the queue is closed.
func (q *dueQueue) push(d due) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	d.n = q.pushed
	q.pushed++
	q.heap = append(q.heap, d)
	i := len(q.heap) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !q.heap[i].before(&q.heap[up]) {
			break
		}
		q.heap[i], q.heap[up] = q.heap[up], q.heap[i]
		i = up
	}
	if i == 0 {
		q.rouse()
	}
	return true
}

// rouse ends the wait for what was the first request.
func (q *dueQueue) rouse() {
	if q.waits {
		q.wake()
		q.ctx, q.waits = nil, false
	}
}

// pop removes the first request.
func (q *dueQueue) pop() due {
	first, last := q.heap[0], len(q.heap)-1
	q.heap[0] = q.heap[last]
	q.heap[last] = due{}
	q.heap = q.heap[:last]
	for i := 0; ; {
		least := i
		for _, k := range [2]int{2*i + 1, 2*i + 2} {
			if k < last && q.heap[k].before(&q.heap[least]) {
				least = k
			}
		}
		if least == i {
			return first
		}
		q.heap[i], q.heap[least] = q.heap[least], q.heap[i]
		i = least
	}
}

// next waits until the first request is due and returns it. Its error is the cause of the end of stop.
func (q *dueQueue) next(start time.Time) (due, error) {
	for {
		q.mu.Lock()
		if q.stop.Err() != nil || q.closed {
			q.mu.Unlock()
			return due{}, q.close()
		}
		if len(q.heap) > 0 && time.Since(start) >= q.heap[0].at {
			d := q.pop()
			q.mu.Unlock()
			return d, nil
		}
		if q.ctx == nil {
			q.ctx, q.wake = context.WithCancel(q.stop)
		}
		q.waits = true
		ctx, some, at := q.ctx, len(q.heap) > 0, start
		if some {
			at = start.Add(q.heap[0].at)
		}
		q.mu.Unlock()
		if some {
			q.sleep(ctx, at) // returns early if it is woken, and the loop finds out why
		} else {
			<-ctx.Done()
		}
		q.mu.Lock()
		q.waits = false
		q.mu.Unlock()
	}
}

// close closes the queue and drops the requests that are left.
func (q *dueQueue) close() error {
	q.mu.Lock()
	left := q.heap
	q.heap, q.closed = nil, true
	if q.wake != nil {
		q.wake()
	}
	q.mu.Unlock()
	for _, d := range left {
		q.drop(d.session)
	}
	if err := context.Cause(q.stop); err != nil {
		return err
	}
	return errClosed
}
