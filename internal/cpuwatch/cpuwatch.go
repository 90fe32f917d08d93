// Package cpuwatch measures what this process itself does to the times that it takes: how much of its CPUs it uses, and
// for how long it did not run at all, because it was stopped, starved of CPU, over the quota of its cgroup, or on a
// virtual machine that was.
package cpuwatch

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Watch measures this process until Stop. It is safe for concurrent use.
type Watch struct {
	share   atomic.Uint64 // the bits of a float64
	begin   time.Time
	stalled atomic.Int64 // ns so far
	beat    atomic.Int64 // when the last beat was, ns since begin
	host    host
	done    chan struct{}

	mu     sync.Mutex
	paused []Pause
}

// Pause is a time in which this process did not run at all.
type Pause struct{ From, To time.Time }

const (
	beatEvery = 20 * time.Millisecond
	lateBeat  = 10 * time.Millisecond // a later beat was held up; the turns of others on a busy CPU are shorter
	cpuEvery  = 5                     // beats between two samples of the CPU time
	cpuTicks  = 10                    // such samples in a second
	hostEvery = cpuEvery * cpuTicks   // beats between two looks at what the system withholds
	maxPauses = 1024                  // that are remembered
)

// minPause is the length of the shortest Pause. Shorter stalls are those of a busy system.
const minPause = 250 * time.Millisecond

// Start starts a Watch.
func Start() *Watch {
	w := &Watch{begin: time.Now(), host: newHost(), done: make(chan struct{})}
	go w.run()
	return w
}

// Stop ends the measurement.
func (w *Watch) Stop() { close(w.done) }

// Share returns the share of its CPUs that this process used over the last second, 0 to 1.
func (w *Watch) Share() float64 { return math.Float64frombits(w.share.Load()) }

// Stalled returns for how long this process did not run between Start and now. Only differences of it are exact.
func (w *Watch) Stalled(now time.Time) time.Duration {
	return time.Duration(w.stalled.Load()) + w.overdue(now.Sub(w.begin))
}

// overdue returns by how much the next beat is late at now, 0 below lateBeat.
func (w *Watch) overdue(now time.Duration) time.Duration {
	if late := now - time.Duration(w.beat.Load()) - beatEvery; late >= lateBeat {
		return late
	}
	return 0
}

// Pauses returns the pauses that overlap the time from one instant to another, which is not after the present.
func (w *Watch) Pauses(from, to time.Time) []Pause {
	now := time.Now()
	w.mu.Lock()
	all := w.paused
	w.mu.Unlock()
	// The present pause has no late beat yet if this goroutine was the first to run after it.
	if late := w.overdue(now.Sub(w.begin)); late >= minPause {
		all = append(slices.Clip(all), Pause{now.Add(-late), now})
	}
	var list []Pause
	for _, p := range all {
		if p.From.Before(to) && p.To.After(from) {
			list = append(list, p)
		}
	}
	return list
}

// pause remembers a pause, if it was one.
func (w *Watch) pause(now, length time.Duration) {
	if length < minPause {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.paused) < maxPauses {
		w.paused = append(w.paused, Pause{w.begin.Add(now - length), w.begin.Add(now)})
	}
}

func (w *Watch) run() {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	defer w.host.close()
	past := []sample{{0, Time()}}
	asleep := suspended()
	withheld, seen := w.host.withheld(), time.Duration(0) // seen: the stalls since withheld was read
	for n := 1; ; n++ {
		select {
		case <-w.done:
			return
		case <-tick.C:
		}
		now := time.Since(w.begin)
		late := w.overdue(now)
		// A suspended system does not count its sleep in the times of a request, but the server does.
		if slept := suspended() - asleep; slept >= minPause {
			asleep += slept
			late = max(late, slept)
		}
		w.pause(now, late)
		w.stalled.Add(int64(late)) // before beat, so that Stalled never misses both
		w.beat.Store(int64(now))
		seen += late
		if n%cpuEvery == 0 || late > 0 {
			past = w.sample(past, sample{now, Time()})
		}
		if n%hostEvery == 0 {
			total := w.host.withheld()
			w.stalled.Add(int64(max(0, total-withheld-seen)))
			withheld, seen = total, 0
		}
	}
}

type sample struct{ wall, cpu time.Duration }

// sample stores the share of the CPUs that was used since the oldest of the past samples, and returns those of the last
// second.
func (w *Watch) sample(past []sample, now sample) []sample {
	cpus := float64(runtime.GOMAXPROCS(0))
	if q := w.host.quota; q > 0 {
		cpus = min(cpus, q)
	}
	share := float64(now.cpu-past[0].cpu) / float64(now.wall-past[0].wall) / cpus
	w.share.Store(math.Float64bits(math.Round(share*1000) / 1000))
	if past = append(past, now); len(past) > cpuTicks {
		past = past[1:]
	}
	return past
}
