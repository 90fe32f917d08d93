package feed

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"perfpipe/internal/load"
)

// queue holds requests between the goroutine that reads them and the load. It is bounded in number and in bytes, except
// that it always accepts one request. When it is full, put waits until a batch fits: waking the reader for each line
// would cost a goroutine switch per request, and a large batch would delay requests that are due.
type queue struct {
	mu      sync.Mutex
	ring    []*load.Request
	first   int // index of the oldest request
	n       int // requests
	bytes   int
	limit   int // bytes
	blocked bool
	closed  bool
	filled  chan struct{}       // holds a token once the queue may have requests again
	drained chan struct{}       // holds a token once a batch may fit again
	free    []*load.Request     // for alloc
	waited  atomic.Int64        // ns that take has waited so far
	owner   func(*load.Request) // recycle
}

// batch is the number of lines that must fit before a blocked put continues. 1/batch of the bytes must be free, too.
const batch = 16

func newQueue(lines, bytes int) *queue {
	q := &queue{
		ring: make([]*load.Request, lines), limit: bytes,
		filled: make(chan struct{}, 1), drained: make(chan struct{}, 1),
	}
	q.owner = q.recycle
	return q
}

// put appends r once it fits. It reports false if ctx has ended. One goroutine puts.
func (q *queue) put(ctx context.Context, r *load.Request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.n == len(q.ring) || q.n > 0 && q.bytes+r.Size() > q.limit {
		q.blocked = true
		q.mu.Unlock()
		select {
		case <-q.drained:
		case <-ctx.Done():
		}
		q.mu.Lock()
		if ctx.Err() != nil {
			return false
		}
	}
	q.ring[(q.first+q.n)%len(q.ring)] = r
	q.bytes += r.Size()
	if q.n++; q.n == 1 {
		notify(q.filled)
	}
	return true
}

// take returns the oldest request and waits for one if there is none. It returns nil once the queue is closed and
// empty, or ctx has ended. One goroutine takes at a time.
func (q *queue) take(ctx context.Context) *load.Request {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.n == 0 {
		if q.closed || ctx.Err() != nil {
			return nil
		}
		q.mu.Unlock()
		begin := time.Now()
		select {
		case <-q.filled:
		case <-ctx.Done():
		}
		q.waited.Add(int64(time.Since(begin)))
		q.mu.Lock()
	}
	r := q.ring[q.first]
	q.ring[q.first] = nil
	q.first = (q.first + 1) % len(q.ring)
	q.n--
	q.bytes -= r.Size()
	if q.blocked && (q.n == 0 || q.n <= len(q.ring)-batch && q.bytes <= q.limit-q.limit/batch) {
		q.blocked = false
		notify(q.drained)
	}
	return r
}

// close ends the queue: nothing will be put any more.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	notify(q.filled)
}

// alloc returns an empty request, a recycled one if there is any.
func (q *queue) alloc() *load.Request {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.free) - 1
	if n < 0 {
		return &load.Request{Owner: q.owner}
	}
	r := q.free[n]
	q.free = q.free[:n]
	return r
}

// recycle takes back a request that is no longer needed. Long ones are left to the garbage collector, so that the free
// list is bounded in bytes as the queue is.
func (q *queue) recycle(r *load.Request) {
	if len(r.Body) > q.limit/len(q.ring) {
		return
	}
	r.Reset()
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.free) < len(q.ring) {
		q.free = append(q.free, r)
	}
}

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
