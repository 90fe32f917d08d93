package load

import (
	"sync"
	"time"
)

// workers are the goroutines of a phase. A request in flight has a slot, but a goroutine only while there is something
// to do for it, unless the Doer can only wait. One of the workers leads: it takes the next request, waits until it is
// due, passes the lead on and sends the request itself (Schmidt et al., Leader/Followers, PLoP 2000). So no request
// changes goroutines between its due time and its sending. In a closed loop the worker that ends a request takes the
// next one at once.
//
// A worker that finds more to do than it takes calls another one before it begins, because it may have to wait.
type workers struct {
	limit int                     // of slots; 0: none
	fresh func() slot             // returns a new slot
	next  func(slot) (job, error) // waits for the next request; called by one worker at a time
	do    func(*flight)           // goes on with a request, which is new or has been woken

	group int           // slots are created in groups of this size; 0: all at once
	every time.Duration // between groups

	mu     sync.Mutex
	idle   []chan struct{} // wake the workers that have nothing to do, most recently idle last
	coming bool            // a worker was called and has not looked for work yet
	woken  flights         // have something to do
	spare  *flight         // have ended, for their memory
	free   []slot          // most recently used last
	n      int             // slots
	up     int             // slots allowed so far; 0: no limit
	led    bool            // a worker leads
	open   int             // requests in flight and sessions that are kept
	over   bool
	err    error // why it is over
	busy   sync.WaitGroup
}

// maxIdle is the number of workers that may have nothing to do.
const maxIdle = 64

// slot is a free slot.
type slot struct {
	free   time.Time     // since when
	new    bool          // it has had no request yet
	last   bool          // all slots were in use until then
	output time.Duration // that its previous record took to emit
	waited time.Duration // Engine.Waited when it became free
}

// after returns how long after t the slot became free, if a request that was due at t could have no other.
func (s slot) after(t time.Time) time.Duration {
	if !s.last {
		return 0
	}
	return max(0, s.free.Sub(t))
}

// run sends what next returns until it fails, and returns that error when all requests have ended.
func (w *workers) run() error {
	w.up = w.limit
	if w.group > 0 && w.group < w.limit {
		w.up = w.group
		time.AfterFunc(w.every, w.more)
	}
	w.mu.Lock()
	w.call()
	w.mu.Unlock()
	w.busy.Wait()
	return w.err
}

// more allows the next group of slots.
func (w *workers) more() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	if w.up = min(w.up+w.group, w.limit); w.up < w.limit {
		time.AfterFunc(w.every, w.more)
	}
	w.call()
}

// allow changes the limit of slots.
func (w *workers) allow(limit int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limit = limit
	w.up = min(w.up, limit)
}

// keep makes run wait for a session that outlives its slot or its request, until release.
func (w *workers) keep() {
	w.mu.Lock()
	w.open++
	w.mu.Unlock()
}

// release ends a session. Its slot is free again, unless it has none.
func (w *workers) release(s slot, has bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if has {
		w.free = append(w.free, s)
	}
	w.close()
}

// close counts that a request or a session has ended.
func (w *workers) close() {
	w.open--
	w.call()
}

// work does what there is to do, until all requests have ended.
func (w *workers) work() {
	defer w.busy.Done()
	wake := make(chan struct{}, 1)
	called := true
	for {
		w.mu.Lock()
		if called {
			called, w.coming = false, false
		}
		s, leads := w.lead()
		f := w.woken.pop(!leads)
		w.call()
		done := !leads && f == nil && (w.over && w.open == 0 || !w.rest(wake))
		w.mu.Unlock()
		switch {
		case done:
			return
		case leads:
			if f = w.taken(w.next(s)); f != nil {
				w.do(f)
			}
		case f != nil:
			w.do(f)
		default:
			<-wake
			called = true
		}
	}
}

// call calls a worker if there is anything to do, or all of them if there will be nothing any more.
func (w *workers) call() {
	n := len(w.idle)
	switch {
	case w.over && w.open == 0:
		for _, wake := range w.idle {
			wake <- struct{}{}
		}
		w.idle = nil
		return
	case w.coming || w.woken.first == nil && !w.leads():
		return
	case n > 0:
		w.idle[n-1] <- struct{}{}
		w.idle = w.idle[:n-1]
	default:
		w.busy.Add(1)
		go w.work()
	}
	w.coming = true
}

// rest makes a worker idle. It reports false if there are enough of them.
func (w *workers) rest(wake chan struct{}) bool {
	if len(w.idle) == maxIdle {
		return false
	}
	w.idle = append(w.idle, wake)
	return true
}

// leads reports whether a worker can lead that does not yet.
func (w *workers) leads() bool {
	return !w.led && !w.over && (len(w.free) > 0 || w.up == 0 || w.n < w.up)
}

// lead makes a worker lead, if one can, with a slot: the most recently used one, else a new one.
func (w *workers) lead() (s slot, leads bool) {
	if leads = w.leads(); !leads {
		return s, false
	}
	w.led = true
	if last := len(w.free) - 1; last >= 0 {
		s, w.free = w.free[last], w.free[:last]
		return s, true
	}
	w.n++
	return w.fresh(), true
}

// taken passes the lead on and returns the flight of the request that was taken. An error ends all workers.
func (w *workers) taken(j job, err error) *flight {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.led = false
	if err != nil {
		w.over, w.err = true, err
		w.call()
		return nil
	}
	w.open++
	f := w.spare
	if f == nil {
		f = &flight{w: w}
		f.wake = f.onWake
	} else {
		w.spare, f.next = f.next, nil
	}
	f.job = j
	w.call()
	return f
}

// end ends a flight. Its slot is free, or has been kept.
func (w *workers) end(f *flight, s slot, free bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f.job = job{}
	f.next, w.spare = w.spare, f
	if free {
		s.last = len(w.free) == 0 && w.limit > 0 && w.n >= w.limit
		w.free = append(w.free, s)
	}
	w.open--
}
