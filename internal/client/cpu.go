package client

import (
	"math"
	"runtime"
	"sync/atomic"
	"time"
)

// cpuShare samples how much of its CPUs this process uses, over the second before.
type cpuShare struct {
	bits atomic.Uint64
	done chan struct{}
}

const (
	cpuTick  = 100 * time.Millisecond
	cpuTicks = 10
)

func newCPUShare() *cpuShare {
	s := &cpuShare{done: make(chan struct{})}
	go s.run()
	return s
}

func (s *cpuShare) run() {
	type sample struct{ wall, cpu time.Duration }
	begin := time.Now()
	past := []sample{{0, CPUTime()}}
	tick := time.NewTicker(cpuTick)
	defer tick.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-tick.C:
		}
		now := sample{time.Since(begin), CPUTime()}
		share := float64(now.cpu-past[0].cpu) / float64(now.wall-past[0].wall) / float64(runtime.GOMAXPROCS(0))
		s.bits.Store(math.Float64bits(math.Round(share*1000) / 1000))
		if past = append(past, now); len(past) > cpuTicks {
			past = past[1:]
		}
	}
}

func (s *cpuShare) value() float64 { return math.Float64frombits(s.bits.Load()) }

func (s *cpuShare) stop() { close(s.done) }
