package dataset

import (
	"sync"

	"llmperf/internal/request"
)

// blockBytes is about how much a worker makes before it hands it over.
const blockBytes = 256 << 10

// block is a run of requests, their bodies in one piece of memory.
type block struct {
	requests []request.Request
	err      error
}

// generate gives the requests of an invented dataset in order. Worker k makes the blocks k, k+W, …, and they are taken
// from the workers in turn: so the order is the same for any number of workers, without a lock.
func generate(o *Options, worker func() draw, shape *Shape) Source {
	return func(yield func(request.Request, error) bool) {
		// Blocks are of equal length, which the first request tells; it goes out alone, so that the reader need not wait.
		end := o.Number
		if end <= 0 {
			end = 1<<63 - 1
		}
		first := makeBlock(worker(), shape, 0, 1)
		if first.err != nil || !yield(first.requests[0], nil) {
			if first.err != nil {
				yield(request.Request{}, first.err)
			}
			return
		}
		size := int64(max(1, min(64, blockBytes/(1+len(first.requests[0].Body)))))
		workers := int64(max(1, o.Workers))
		done := make(chan struct{})
		var running sync.WaitGroup
		defer running.Wait()
		defer close(done)
		out := make([]chan block, workers)
		for k := range workers {
			out[k] = make(chan block, 2)
			running.Go(func() {
				defer close(out[k])
				draw := worker()
				for at := 1 + k*size; at < end && at > 0; at += workers * size {
					select {
					case out[k] <- makeBlock(draw, shape, at, min(at+size, end)):
					case <-done:
						return
					}
				}
			})
		}
		for k := int64(0); ; k = (k + 1) % workers {
			b, more := <-out[k]
			if !more {
				return
			}
			for _, r := range b.requests {
				if !yield(r, nil) {
					return
				}
			}
			if b.err != nil {
				yield(request.Request{}, b.err)
				return
			}
		}
	}
}

func makeBlock(draw draw, shape *Shape, from, to int64) block {
	b := block{requests: make([]request.Request, 0, to-from)}
	var buf []byte
	for i := from; i < to; i++ {
		var it Item
		if b.err = draw(i, &it); b.err != nil {
			return b
		}
		if buf == nil {
			buf = make([]byte, 0, int(to-from)*(len(it.Text)+shape.around())*9/8)
		}
		var r request.Request
		if r, buf, b.err = shape.request(buf, i, &it); b.err != nil {
			return b
		}
		b.requests = append(b.requests, r)
	}
	return b
}
