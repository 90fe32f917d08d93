package stats

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// interval is a time interval, in µs since the epoch.
type interval struct{ from, to int64 }

func (i interval) length() int64 { return i.to - i.from }

// within returns the length of the overlap of i and o, in µs.
func (i interval) within(o interval) int64 { return max(0, min(i.to, o.to)-max(i.from, o.from)) }

// withinAll returns the length of the overlap of i and a list of disjoint intervals, in µs.
func (i interval) withinAll(list []interval) (us int64) {
	for _, o := range list {
		us += i.within(o)
	}
	return us
}

// Idle time is time without due requests and requests in flight that is too long to be part of the load. It is in no
// duration. (A pause is time in which perf-send did not run.)
const (
	idleGaps  = 100       // minimum length, in mean gaps between requests
	minIdle   = 2_000_000 // minimum length, µs
	idleEvery = 20        // requests per idle time, at least; more frequent gaps are part of the load
)

// idle returns the times that are in no duration, in order: idle time, and that of requests which are left out.
func (g *accumulator) idle(all []stretch) []interval {
	mode := g.facts[factMode]
	replayed := len(mode) == 1 && mode["open"] && g.rate == 0
	return union(append(g.flights.idle(all, replayed), g.leftOut.idle(all, g.flights.time.width())...))
}

// idle returns the idle times in order: the time between the load points of a block, and long ones within them, such as
// the time between two runs that cannot be told apart, or a jump of the clock. The gaps of a replayed load, which
// follows a recorded schedule, are part of it.
func (f *flights) idle(all []stretch, replayed bool) []interval {
	between := f.between()
	if replayed {
		return between
	}
	var empty []interval
	width := f.time.width()
	for _, s := range all {
		if !s.idle {
			continue
		}
		i := s.interval(width)
		if n := len(empty); n > 0 && empty[n-1].to == i.from {
			empty[n-1].to = i.to
		} else {
			empty = append(empty, i)
		}
	}
	return union(append(between, f.long(empty)...))
}

// underWay returns the stretches without those in idle time, and moves the later ones forward to close the gaps.
func (f *flights) underWay(all []stretch, idle []interval) (out []stretch) {
	if len(idle) == 0 {
		return all
	}
	width := f.time.width()
	cut := int64(0) // bins
	for _, s := range all {
		if i := s.interval(width); s.idle && i.withinAll(idle) > i.length()/2 {
			cut += s.n
			continue
		}
		s.first -= cut
		out = append(out, s)
	}
	return out
}

// long returns the times that are idle: few, and long compared to the gaps that remain without them.
func (f *flights) long(empty []interval) []interval {
	slices.SortFunc(empty, func(a, b interval) int { return cmp.Compare(b.length(), a.length()) })
	few := min(int64(len(empty)), max(1, f.n/idleEvery))
	rest := f.lastUs - f.firstUs - total64(empty[:few])
	for k := few; k > 0; k-- {
		if l := empty[k-1].length(); l >= minIdle && l >= idleGaps*rest/f.n {
			return empty[:k]
		}
		rest += empty[k-1].length()
	}
	return nil
}

// between returns the time between the load points.
func (f *flights) between() (gaps []interval) {
	var spans []interval
	for _, s := range f.spans {
		spans = append(spans, *s)
	}
	spans = union(spans)
	for i := 1; i < len(spans); i++ {
		gaps = append(gaps, interval{spans[i-1].to, spans[i].from})
	}
	return gaps
}

// union returns the union of the intervals in list as disjoint intervals in order. It sorts list.
func union(list []interval) []interval {
	slices.SortFunc(list, func(a, b interval) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	var out []interval
	for _, i := range list {
		if n := len(out); n > 0 && i.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, i.to)
		} else {
			out = append(out, i)
		}
	}
	return out
}

func total64(list []interval) (us int64) {
	for _, i := range list {
		us += i.length()
	}
	return us
}

// timeNotes returns notes on idle time, and on a few requests that ended much later than all others.
func (f *flights) timeNotes(all []stretch, idle []interval) (notes []string) {
	if len(idle) > 0 {
		what, count := "nothing was due or in flight", ""
		if between := f.between(); len(between) > 0 && total64(between) >= total64(idle) {
			what = "no load point was under way"
		}
		if len(idle) > 1 {
			count = fmt.Sprintf(" in %d gaps", len(idle))
		}
		notes = append(notes, fmt.Sprintf("%s for %s%s, which is not part of the duration",
			what, span(total64(idle)), count))
	}
	if tail, late := f.tail(all, idle); late > 0 {
		notes = append(notes, fmt.Sprintf(
			"the last %d of %d requests ended up to %s after all others, and throughput over the whole run counts that time: "+
				"the steady state leaves it out", late, f.n, span(tail)))
	}
	return notes
}

// lateShare is the greatest share of the requests that tail considers late.
const lateShare = 0.01

// tail returns the number of late requests and the time by which they prolong the run. It returns zeros unless they are
// few and prolong the run by at least half.
func (f *flights) tail(all []stretch, idle []interval) (us, late int64) {
	allowed := max(1, int64(lateShare*float64(f.n)))
	if f.n < 20 {
		return 0, 0
	}
	var seen, gap int64
	after := f.lastUs // the earliest end seen so far
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].ends == 0 {
			continue
		}
		end := all[i].first * f.time.width()
		if seen > 0 && after-end > gap { // the widest gap separates the late requests
			gap, us, late = after-end, f.lastUs-end, seen
		}
		if seen += all[i].ends; seen > allowed {
			break
		}
		after = end
	}
	for _, p := range idle {
		us -= p.within(interval{f.lastUs - us, f.lastUs})
	}
	if rest := f.lastUs - f.firstUs - total64(idle) - us; late == 0 || us < minIdle || us < rest/2 {
		return 0, 0
	}
	return us, late
}

// span formats a duration in µs for display.
func span(us int64) string {
	d := time.Duration(us) * time.Microsecond
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return fmt.Sprintf("%.3g s", d.Seconds())
	}
	return fmt.Sprintf("%.3g ms", d.Seconds()*1000)
}
