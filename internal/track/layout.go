package track

import (
	"math"
	"slices"

	"perfpipe/internal/stats"
)

// layout decides under which names and over which axis the figures of load points are logged. A single load point has
// plain names, over its number of requests. The levels of a sweep share plain names, over the level: each is logged
// when it is complete, and after the first one the headlines of the present one are logged as live. (Trackers show
// first what is logged first.) Other load points have their name as a prefix.
type layout struct {
	kind  layoutKind
	first string // the load point with plain names, unless it is a sweep

	axis   string            // of a sweep
	points map[float64]point // of a sweep, by level
	last   int64             // the highest step

	logged map[string]int64 // requests, by load point
	live   int64            // requests of all
}

type layoutKind int

const (
	undecided layoutKind = iota
	single
	sweep
	separate
)

// point is a load point of a sweep.
type point struct {
	name string
	step int64
}

// livePoint is the name of the present level of a sweep, whose figures are not complete.
const livePoint = "live"

// events returns the logs of the load points that have more records than when they were logged last. levels reports
// whether the records are of a sweep, and final whether no more will come.
func (l *layout) events(s *stats.Summary, levels, final bool) (out []*event) {
	total, last := int64(0), -1
	for i := range s.Blocks {
		if s.Blocks[i].Requests > 0 {
			total, last = total+s.Blocks[i].Requests, i
		}
	}
	if last < 0 {
		return nil
	}
	if l.kind == undecided {
		l.decide(s, levels, final)
	}
	for i := range s.Blocks {
		b := &s.Blocks[i]
		name := pointName(b)
		if b.Requests == 0 || l.logged[name] == b.Requests || l.kind == sweep && i == last && !final {
			continue
		}
		l.logged[name] = b.Requests
		out = append(out, l.event(b, name))
	}
	if l.kind == sweep && !final && len(l.points) > 0 && total != l.live {
		l.live = total
		out = append(out, live(&s.Blocks[last], total))
	}
	return out
}

// decide chooses the layout by the load points of the first log.
func (l *layout) decide(s *stats.Summary, levels, final bool) {
	l.points, l.logged = map[float64]point{}, map[string]int64{}
	l.first = pointName(&s.Blocks[0])
	l.axis, _ = level(&s.Blocks[0])
	switch {
	case levels && l.axis != "", len(s.Blocks) > 1 && final && distinct(s):
		l.kind = sweep
	case len(s.Blocks) == 1:
		l.kind = single
	default:
		l.kind = separate
	}
}

// distinct reports whether the load points differ only in their level.
func distinct(s *stats.Summary) bool {
	axis, _ := level(&s.Blocks[0])
	seen := map[float64]bool{}
	for i := range s.Blocks {
		name, v := level(&s.Blocks[i])
		if name == "" || name != axis || seen[v] {
			return false
		}
		seen[v] = true
	}
	return true
}

// event returns the log of a load point.
func (l *layout) event(b *stats.Block, name string) *event {
	e := running(b)
	switch {
	case l.kind == sweep:
		axis, v := level(b)
		p, known := l.points[v]
		if axis != l.axis || known && p.name != name {
			return e // two of one level
		}
		if !known {
			p = point{name, l.step(v)}
			l.points[v] = p
		}
		e.Point, e.Axis, e.Step = plain(b), axis, p.step
	case l.kind == single && name == l.first:
		e.Point = plain(b)
	}
	return e
}

// step returns the step of a level, for trackers whose steps are whole numbers: the level, or the next step if it is
// not whole or that step is taken.
func (l *layout) step(level float64) int64 {
	step := int64(level)
	taken := level != math.Trunc(level)
	for _, p := range l.points {
		taken = taken || p.step == step
	}
	if taken {
		step = l.last + 1
	}
	l.last = max(l.last, step)
	return step
}

// plain returns the prefix of names without the load point.
func plain(b *stats.Block) string {
	if b.Simulated {
		return simulated
	}
	return ""
}

// live returns the log of the headlines of a level that is not complete, over the requests of all levels.
func live(b *stats.Block, total int64) *event {
	e := running(b)
	e.Point, e.Step = livePoint, total
	if b.Simulated {
		e.Point += " " + simulated
	}
	names := headlines(b)
	e.Values = slices.DeleteFunc(e.Values, func(f figure) bool { return !slices.Contains(names, f.name) })
	e.Values = append(e.Values, figure{axisName, float64(total)})
	if name, v := level(b); name != "" {
		e.Values = append(e.Values, figure{name, v})
	}
	return e
}
