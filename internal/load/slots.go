package load

import (
	"sync"
	"time"
)

// workers are the goroutines of a phase, one for each slot. One of them leads: it takes the next request, waits until
// it is due, passes the lead on and sends the request itself (Schmidt et al., Leader/Followers, PLoP 2000). So no
// request changes goroutines between its due time and its sending. In a closed loop the worker whose request ends takes
// the next one at once.
type workers struct {
	limit int                     // of workers; 0: none
	fresh func() slot             // returns a new slot
	next  func(slot) (job, error) // waits for the next request; called by one worker at a time
	do    func(job) (slot, bool)  // sends a request; reports whether its slot, which it returns, is free again

	group int           // slots are created in groups of this size; 0: all at once
	every time.Duration // between groups

	mu   sync.Mutex
	idle []chan struct{} // wake the workers that wait for the lead, most recently idle last
	free []slot          // that have no worker: sessions had them
	n    int             // slots
	up   int             // workers allowed so far; 0: no limit
	led  bool            // a worker leads
	over bool
	err  error // why it is over
	busy sync.WaitGroup
}

// slot is a free slot.
type slot struct {
	free   time.Time     // since when
	new    bool          // it has had no request yet
	output time.Duration // that its previous record took to emit
	waited time.Duration // Engine.Waited when it became free
}

// run sends what next returns until it fails, and returns that error when all requests have ended.
func (w *workers) run() error {
	w.led, w.up = true, w.limit
	if w.group > 0 && w.group < w.limit {
		w.up = w.group
		time.AfterFunc(w.every, w.more)
	}
	w.hire()
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
	if !w.led {
		w.led = true
		w.hire()
	}
}

// hire starts a worker that leads.
func (w *workers) hire() {
	w.n++
	w.work(w.fresh())
}

// work starts a worker that leads, with a slot. The worker ends when a session keeps the slot.
func (w *workers) work(s slot) {
	w.busy.Go(func() {
		wake := make(chan struct{}, 1)
		for lead := true; lead; lead = w.await(wake) {
			j, err := w.next(s)
			if !w.pass(err) {
				return
			}
			free := false
			if s, free = w.do(j); !free {
				return
			}
		}
	})
}

// keep makes run wait for a session that outlives its worker, until release.
func (w *workers) keep() { w.busy.Add(1) }

// release ends a session. Its slot is free again, unless it has none.
func (w *workers) release(s slot, has bool) {
	defer w.busy.Done()
	if !has {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.over:
	case w.led:
		w.free = append(w.free, s)
	default:
		w.led = true
		w.work(s)
	}
}

// allow changes the limit of slots.
func (w *workers) allow(limit int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limit = limit
	w.up = min(w.up, limit)
}

// pass passes the lead on: to the most recently idle worker, else to a new worker, else to the next worker that becomes
// idle. An error ends all workers.
func (w *workers) pass(err error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch n := len(w.idle); {
	case err != nil:
		w.over, w.err = true, err
		for _, wake := range w.idle {
			close(wake)
		}
	case n > 0:
		w.idle[n-1] <- struct{}{}
		w.idle = w.idle[:n-1]
	case len(w.free) > 0:
		last := len(w.free) - 1
		s := w.free[last]
		w.free = w.free[:last]
		w.work(s)
	case w.up == 0 || w.n < w.up:
		w.hire()
	default:
		w.led = false
	}
	return err == nil
}

// await waits for the lead. It returns false if the phase is over.
func (w *workers) await(wake chan struct{}) bool {
	w.mu.Lock()
	over, led := w.over, w.led
	w.led = true
	if !over && led {
		w.idle = append(w.idle, wake)
	}
	w.mu.Unlock()
	if over || !led {
		return !over
	}
	_, lead := <-wake
	return lead
}
