package stats

import (
	"cmp"
	"fmt"
	"slices"

	"perfpipe/internal/dist"
	"perfpipe/internal/record"
)

// Paused describes the pauses of perf-send: times in which it did not run at all, because it was stopped, its machine
// was suspended, or its CPU was taken away. They look like those of a slow server.
type Paused struct {
	Requests int64    `json:"requests"`   // requests that a pause overlaps, from when they were due to their end
	Duration dist.Num `json:"duration_s"` // of all pauses together
	LeftOut  bool     `json:"left_out"`   // the requests are left out of all other figures
}

// paused accumulates the pauses that overlap requests.
type paused struct {
	requests int64
	times    []interval // disjoint, in order
}

// maxPauses limits the number of disjoint pauses.
const maxPauses = 4096

// leavesOut reports whether a record is left out because a pause overlaps its request.
func (opt *Options) leavesOut(r *record.Record) bool { return opt.ExcludePauses && len(r.PauseUs) > 0 }

func (p *paused) add(r *record.Record) {
	if len(r.PauseUs) == 0 {
		return
	}
	p.requests++
	p.insert(r.PauseUs)
}

// pausedMs returns the length of all pauses of a record, in ms.
func pausedMs(r *record.Record) float64 {
	var us int64
	for i := 0; i+1 < len(r.PauseUs); i += 2 {
		us += max(0, r.PauseUs[i+1]-r.PauseUs[i])
	}
	return float64(us) / 1000
}

// insert adds pauses, as a record has them.
func (p *paused) insert(us []int64) {
	for i := 0; i+1 < len(us); i += 2 {
		if t := (interval{us[i], us[i+1]}); t.from > 0 && t.from < t.to && len(p.times) < maxPauses && !p.has(t) {
			p.times = union(append(p.times, t))
		}
	}
}

// has reports whether a time is within a known pause, as it is for each request of a pause except the first.
func (p *paused) has(t interval) bool {
	i, found := slices.BinarySearchFunc(p.times, t, func(a, b interval) int { return cmp.Compare(a.from, b.from) })
	if !found {
		i--
	}
	return i >= 0 && t.to <= p.times[i].to
}

func (p *paused) merge(o *paused) {
	p.requests += o.requests
	p.insert(o.us())
}

// us returns the pauses as records have them.
func (p *paused) us() (list []int64) {
	for _, t := range p.times {
		list = append(list, t.from, t.to)
	}
	return list
}

// text describes the pauses and how many of all requests they affect. It is empty if there are none.
func (p *paused) text(of int64) string {
	if p.requests == 0 {
		return ""
	}
	in := ""
	if n := len(p.times); n > 1 {
		in = fmt.Sprintf(" in %d pauses", n)
	}
	return fmt.Sprintf("perf-send was paused for %.3g s%s, which affects %d of %d requests",
		float64(total64(p.times))/1e6, in, p.requests, of)
}

// paused returns the pauses of the block, or nil if there are none.
func (g *accumulator) paused() *Paused {
	p, out := &g.client.paused, false
	if g.leftOut.requests > 0 {
		p, out = &g.leftOut, true
	}
	if p.requests == 0 {
		return nil
	}
	return &Paused{p.requests, dist.Num(float64(total64(p.times)) / 1e6), out}
}

// leftOutNote returns a note on the requests that are left out, if there are any.
func (g *accumulator) leftOutNote() []string {
	if g.leftOut.requests == 0 {
		return nil
	}
	return []string{g.leftOut.text(g.leftOut.requests+g.requests) + ": they are left out"}
}

// idle returns the parts of pauses in which nothing was in flight.
func (p *paused) idle(all []stretch, width int64) (list []interval) {
	for _, s := range all {
		if !s.idle {
			continue
		}
		i := s.interval(width)
		for _, t := range p.times {
			if i.within(t) > 0 {
				list = append(list, interval{max(i.from, t.from), min(i.to, t.to)})
			}
		}
	}
	return list
}

// pausedState is the state of paused.
type pausedState struct {
	Requests int64
	Us       []int64
}

func (p *paused) state() pausedState { return pausedState{p.requests, p.us()} }

func (s *pausedState) restore() (p paused, err error) {
	if s.Requests < 0 || len(s.Us) > 2*maxPauses {
		return p, dist.ErrState
	}
	p.requests = s.Requests
	p.insert(s.Us)
	return p, nil
}
