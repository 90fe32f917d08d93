package dataset

import (
	"sync"

	"perfpipe/internal/dataset/body"
	"perfpipe/internal/request"
)

// blockBytes is the approximate size of a block, in bytes.
const blockBytes = 256 << 10

// ahead is the number of blocks that a worker prepares in advance.
const ahead = 2

// block is a run of requests whose bodies share one buffer. It is returned to its worker and refilled: fresh memory
// would keep the garbage collector and the kernel busy, and both scale worse than the workers.
type block struct {
	requests []request.Request
	buf      []byte
	err      error
}

// generate returns the requests of a synthetic dataset in order. Worker k makes blocks k, k+W, …, and blocks are taken
// from the workers in turn, so the order is the same for any number of workers, without a lock.
func generate(o *Options, worker func() draw, shape *body.Shape) Source {
	return func(yield func(request.Request, error) bool) {
		// The first request determines the length of blocks. It is yielded alone, so that the reader can start at once.
		start, end := o.Offset, o.Offset+o.Number
		if o.Number <= 0 || end < start {
			end = 1<<63 - 1
		}
		var first block
		first.fill(worker(), shape, start, start+1)
		if !first.emit(yield) {
			return
		}
		size := int64(max(1, min(64, blockBytes/(1+len(first.requests[0].Body)))))
		workers := int64(max(1, o.Workers))
		done := make(chan struct{})
		var running sync.WaitGroup
		defer running.Wait()
		defer close(done)
		full, empty := make([]chan *block, workers), make([]chan *block, workers)
		for k := range workers {
			full[k], empty[k] = make(chan *block, ahead), make(chan *block, ahead+2)
			for range cap(empty[k]) {
				empty[k] <- &block{}
			}
			running.Go(func() {
				defer close(full[k])
				draw := worker()
				for at := start + 1 + k*size; at < end && at > 0; at += workers * size {
					b := <-empty[k]
					b.fill(draw, shape, at, min(at+size, end))
					select {
					case full[k] <- b:
					case <-done:
						return
					}
				}
			})
		}
		for k := int64(0); ; k = (k + 1) % workers {
			b, more := <-full[k]
			if !more || !b.emit(yield) {
				return
			}
			empty[k] <- b
		}
	}
}

// emit yields the requests of the block and reports whether to go on.
func (b *block) emit(yield func(request.Request, error) bool) bool {
	for i := range b.requests {
		if !yield(b.requests[i], nil) {
			return false
		}
	}
	if b.err != nil {
		yield(request.Request{}, b.err)
	}
	return b.err == nil
}

// fill generates the requests [from, to).
func (b *block) fill(draw draw, shape *body.Shape, from, to int64) {
	b.requests, b.buf = b.requests[:0], b.buf[:0]
	for i := from; i < to; i++ {
		var it Item
		if b.err = draw(i, &it); b.err != nil {
			return
		}
		var r request.Request
		if r, b.buf, b.err = shape.Request(b.buf, i, &it); b.err != nil {
			return
		}
		b.requests = append(b.requests, r)
	}
}
