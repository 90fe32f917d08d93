package load

import (
	"sync"
	"time"
)

// workers are the goroutines of a phase, one for each slot. One of them leads: it takes the next request, waits until that
// is due, gives the lead to another and sends it itself (Schmidt et al., Leader/Followers, PLoP 2000). So a request never
// changes goroutines between the moment when it is due and the moment when it is sent; and in a closed loop, where who ends
// a request takes the next one, none is handed over at all.
type workers struct {
	limit int                     // 0: none
	fresh func() slot             // returns a new slot
	next  func(slot) (job, error) // called by one worker at a time
	do    func(job) slot          // returns the slot that is free again

	group int           // so many slots come to be at a time; 0: all do
	every time.Duration // from one group to the next

	mu   sync.Mutex
	idle []chan struct{} // those who wait for the lead; the last one was idle for the shortest time
	n    int             // how many there are
	up   int             // how many there may be by now; 0: no limit
	led  bool
	over bool
	err  error // why it is over
	busy sync.WaitGroup
}

// slot is what next gets to know of the slot that it fills.
type slot struct {
	free   time.Time     // since when
	new    bool          // it was never taken
	output time.Duration // how long its last record waited to be written
	waited time.Duration // Engine.Waited then
}

// run does what next gives until that fails, and gives its error when all is done.
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

// more lets the next group of slots come to be.
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

// hire starts a worker, who leads.
func (w *workers) hire() {
	w.n++
	s := w.fresh()
	w.busy.Go(func() {
		wake := make(chan struct{}, 1)
		for lead := true; lead; lead = w.await(wake) {
			j, err := w.next(s)
			if !w.pass(err) {
				return
			}
			s = w.do(j)
		}
	})
}

// pass gives the lead away: to who was idle for the shortest time, else to a new worker, else to the next who falls idle.
// With an error it is over for all.
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
	case w.up == 0 || w.n < w.up:
		w.hire()
	default:
		w.led = false
	}
	return err == nil
}

// await waits for the lead; false: it is over.
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
