package client

import (
	"math"
	"runtime"
	"sync/atomic"
	"time"
)

// pulse watches over this process itself: how much of its CPUs it uses, over the second before, and for how long it did
// not run at all, since it was stopped, starved of CPU, over the quota of its cgroup, or on a virtual machine that was.
type pulse struct {
	share   atomic.Uint64 // the bits of a float64
	begin   time.Time
	stalled atomic.Int64 // ns so far
	beat    atomic.Int64 // the last beat, ns since begin
	host    host
	done    chan struct{}
}

const (
	pulseTick = 20 * time.Millisecond
	lateBeat  = 10 * time.Millisecond // a beat later than this was held up; others' turns on a busy CPU are shorter
	cpuEvery  = 5                     // beats between two samples of the CPU time
	cpuTicks  = 10                    // such samples in a second
	hostEvery = cpuEvery * cpuTicks   // beats between two looks at what the system withholds
)

func newPulse() *pulse {
	p := &pulse{begin: time.Now(), host: newHost(), done: make(chan struct{})}
	go p.run()
	return p
}

func (p *pulse) run() {
	tick := time.NewTicker(pulseTick)
	defer tick.Stop()
	defer p.host.close()
	past := []cpuSample{{0, CPUTime()}}
	withheld, seen := p.host.withheld(), time.Duration(0) // seen: the stalls since the last look at it
	for n := 1; ; n++ {
		select {
		case <-p.done:
			return
		case <-tick.C:
		}
		now := time.Since(p.begin)
		late := p.overdue(now)
		p.stalled.Add(int64(late)) // before beat, lest a look between the two sees neither
		p.beat.Store(int64(now))
		seen += late
		if n%cpuEvery == 0 || late > 0 {
			past = p.sample(past, cpuSample{now, CPUTime()})
		}
		if n%hostEvery == 0 {
			w := p.host.withheld()
			p.stalled.Add(int64(max(0, w-withheld-seen)))
			withheld, seen = w, 0
		}
	}
}

type cpuSample struct{ wall, cpu time.Duration }

// sample notes the share of the CPUs that was used since the oldest of the past samples, and returns those of the last
// second.
func (p *pulse) sample(past []cpuSample, now cpuSample) []cpuSample {
	cpus := float64(runtime.GOMAXPROCS(0))
	if q := p.host.quota; q > 0 {
		cpus = min(cpus, q)
	}
	share := float64(now.cpu-past[0].cpu) / float64(now.wall-past[0].wall) / cpus
	p.share.Store(math.Float64bits(math.Round(share*1000) / 1000))
	if past = append(past, now); len(past) > cpuTicks {
		past = past[1:]
	}
	return past
}

// cpu returns the share of its CPUs that this process used over the second before.
func (p *pulse) cpu() float64 { return math.Float64frombits(p.share.Load()) }

// stall returns for how long this process did not run, from its start to now. Differences of it are what counts.
func (p *pulse) stall(now time.Time) time.Duration {
	return time.Duration(p.stalled.Load()) + p.overdue(now.Sub(p.begin))
}

// overdue is how late the next beat is by now; below lateBeat it is not.
func (p *pulse) overdue(now time.Duration) time.Duration {
	if late := now - time.Duration(p.beat.Load()) - pulseTick; late >= lateBeat {
		return late
	}
	return 0
}

func (p *pulse) stop() { close(p.done) }
