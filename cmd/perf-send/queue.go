package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"perfpipe/internal/request"
)

// queue holds requests between their reader and the load, bounded in number and in bytes; a single one may be larger than
// that. Its reader waits when it is full and goes on when there is room for a few: to take turns for each line would cost
// a change of goroutines for each, and to read many at a stretch would hold up what is due.
type queue struct {
	mu      sync.Mutex
	ring    []*request.Request
	first   int
	n       int
	bytes   int
	most    int // bytes
	waiting bool
	ended   bool
	some    chan struct{}      // holds a token while there may be requests again
	more    chan struct{}      // holds a token while there may be room again
	used    []*request.Request // done with: memory for others
	waited  atomic.Int64       // ns that take has waited so far
}

// stride is how many lines are read at a stretch when the queue was full, and 1/stride of the bytes is what they need.
const stride = 16

func newQueue(lines, bytes int) *queue {
	return &queue{ring: make([]*request.Request, lines), most: bytes, some: make(chan struct{}, 1), more: make(chan struct{}, 1)}
}

// put adds r when there is room; false: ctx has ended. One goroutine puts.
func (q *queue) put(ctx context.Context, r *request.Request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.n == len(q.ring) || q.n > 0 && q.bytes+size(r) > q.most {
		q.waiting = true
		q.mu.Unlock()
		select {
		case <-q.more:
		case <-ctx.Done():
		}
		q.mu.Lock()
		if ctx.Err() != nil {
			return false
		}
	}
	q.ring[(q.first+q.n)%len(q.ring)] = r
	q.bytes += size(r)
	if q.n++; q.n == 1 {
		notify(q.some)
	}
	return true
}

// take waits for a request; nil: it has ended, or ctx has. One goroutine takes at a time.
func (q *queue) take(ctx context.Context) *request.Request {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.n == 0 {
		if q.ended || ctx.Err() != nil {
			return nil
		}
		q.mu.Unlock()
		begin := time.Now()
		select {
		case <-q.some:
		case <-ctx.Done():
		}
		q.waited.Add(int64(time.Since(begin)))
		q.mu.Lock()
	}
	r := q.ring[q.first]
	q.ring[q.first] = nil
	q.first = (q.first + 1) % len(q.ring)
	q.n--
	q.bytes -= size(r)
	if q.waiting && (q.n == 0 || q.n <= len(q.ring)-stride && q.bytes <= q.most-q.most/stride) {
		q.waiting = false
		notify(q.more)
	}
	return r
}

// room gives memory for a request.
func (q *queue) room() *request.Request {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.used) - 1
	if n < 0 {
		return new(request.Request)
	}
	r := q.used[n]
	q.used = q.used[:n]
	return r
}

// done takes back a request that nobody needs any more. Long ones are not kept.
func (q *queue) done(r *request.Request) {
	if len(r.Body) > q.most/len(q.ring) {
		return
	}
	r.Reset()
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.used) < len(q.ring) {
		q.used = append(q.used, r)
	}
}

// end says that no more will be put.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	notify(q.some)
}

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// size is the room that a request takes, in bytes.
func size(r *request.Request) int {
	n := 200 + len(r.Body)
	for _, t := range r.Turns {
		n += 100 + len(t.Body)
	}
	return n
}
