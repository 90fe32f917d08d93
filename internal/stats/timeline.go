package stats

import (
	"maps"
	"slices"

	"perfpipe/internal/dist"
)

const (
	baseBin   = 15_625        // width of the finest bins, µs: 1/64 s
	binsBits  = 6             // log2 of pageBins
	pageBins  = 1 << binsBits // bins per page
	maxPages  = 64            // with more pages, bins become twice as wide
	nearPages = maxPages
)

// timeline is a histogram of events over time. Its bins are aligned to the epoch; their width doubles as necessary to
// limit memory. Only pages with events exist, so that long idle times do not reduce the resolution. Timelines merge by
// addition and do not depend on the order of the records.
type timeline struct {
	level int                 // bins are baseBin<<level µs wide
	pages map[int64]*binPage  // by index
	near  [nearPages]*binPage // cache of pages, by the low bits of the index
}

// binPage holds pageBins consecutive bins.
type binPage struct {
	index int64 // instant ÷ (width · pageBins)
	bins  [pageBins]bin
}

// bin holds sums of events. The in-flight time of a bin is computed from the offsets of the starts and ends within it,
// so that adding a request takes constant time, however long the request was.
type bin struct {
	starts, startUs int64 // requests sent; sum of the times from the start of the bin to each, µs
	ends, endUs     int64 // answers ended; the same sum
	ok              int64 // successful answers ended
	output, input   int64 // output tokens at their arrival; prompt tokens at the start of their answer
	dues            int64 // requests due
}

// width returns the width of the bins in µs.
func (t *timeline) width() int64 { return baseBin << t.level }

// at returns the bin of instant us, and the offset of us in it, in µs. The pointer is valid until the next call.
func (t *timeline) at(us int64) (b *bin, offset int64) {
	p, j, begin := t.find(us)
	return &p.bins[j], us - begin
}

// find returns the page of instant us, the index of its bin in the page, and the instant at which the bin begins.
func (t *timeline) find(us int64) (p *binPage, j int, begin int64) {
	i := us / t.width()
	p = t.near[i>>binsBits%nearPages]
	if p == nil || p.index != i>>binsBits {
		p = t.page(i >> binsBits)
		i = us / t.width() // page may have coarsened the timeline
		t.near[i>>binsBits%nearPages] = p
	}
	return p, int(i % pageBins), i * t.width()
}

// page returns the page with the given index at the current width. It creates the page if it is missing, which may
// coarsen the timeline.
func (t *timeline) page(index int64) *binPage {
	if p := t.pages[index]; p != nil {
		return p
	}
	if t.pages == nil {
		t.pages = map[int64]*binPage{}
	}
	t.pages[index] = &binPage{index: index}
	for len(t.pages) > maxPages {
		t.coarsen()
		index /= 2
	}
	return t.pages[index]
}

// coarsen doubles the width of the bins.
func (t *timeline) coarsen() {
	width := t.width()
	merged := map[int64]*binPage{}
	for _, p := range t.pages {
		to := merged[p.index/2]
		if to == nil {
			to = &binPage{index: p.index / 2}
			merged[to.index] = to
		}
		half := int(p.index % 2 * pageBins / 2)
		for j, b := range p.bins {
			if j%2 == 1 {
				b.startUs += b.starts * width
				b.endUs += b.ends * width
			}
			to.bins[half+j/2].add(b)
		}
	}
	t.level++
	t.pages, t.near = merged, [nearPages]*binPage{}
}

func (b *bin) add(o bin) {
	b.starts += o.starts
	b.startUs += o.startUs
	b.ends += o.ends
	b.endUs += o.endUs
	b.ok += o.ok
	b.output += o.output
	b.input += o.input
	b.dues += o.dues
}

func (t *timeline) clone() *timeline {
	c := &timeline{level: t.level, pages: make(map[int64]*binPage, len(t.pages))}
	for i, p := range t.pages {
		page := *p
		c.pages[i] = &page
	}
	return c
}

func (t *timeline) merge(o *timeline) {
	if len(o.pages) == 0 {
		return
	}
	c := o.clone()
	if len(t.pages) == 0 {
		*t = *c
		return
	}
	for t.level < c.level {
		t.coarsen()
	}
	for c.level < t.level {
		c.coarsen()
	}
	for i, p := range c.pages {
		mine := t.pages[i]
		if mine == nil {
			t.pages[i] = p
			continue
		}
		for j := range p.bins {
			mine.bins[j].add(p.bins[j])
		}
	}
	for len(t.pages) > maxPages {
		t.coarsen()
	}
}

// stretch is one bin, or the range of bins between two pages, which are empty.
type stretch struct {
	first, n int64 // index of its first bin; number of bins
	busy     int64 // total time of requests in flight, µs
	idle     bool  // no request was in flight or due
	bin
}

// interval returns the time of s, whose bins have the given width in µs.
func (s *stretch) interval(width int64) interval {
	return interval{s.first * width, (s.first + s.n) * width}
}

// stretches returns all bins from the first to the last non-empty one, in order.
func (t *timeline) stretches() []stretch {
	width := t.width()
	var out []stretch
	var active, overdue int64 // requests in flight; requests due but not sent
	next := int64(0)
	for _, index := range slices.Sorted(maps.Keys(t.pages)) {
		p := t.pages[index]
		if first := index * pageBins; out != nil && first > next {
			n := first - next
			out = append(out, stretch{first: next, n: n, busy: active * n * width, idle: active == 0 && overdue == 0})
		}
		for j, b := range p.bins {
			if out == nil && b == (bin{}) {
				continue
			}
			s := stretch{first: index*pageBins + int64(j), n: 1, bin: b}
			s.busy = active*width + b.starts*width - b.startUs - (b.ends*width - b.endUs)
			s.idle = active == 0 && overdue == 0 && b == bin{}
			active += b.starts - b.ends
			overdue += b.dues - b.starts
			out = append(out, s)
		}
		next = (index + 1) * pageBins
	}
	for len(out) > 0 && out[len(out)-1].bin == (bin{}) {
		out = out[:len(out)-1]
	}
	return out
}

// peakOutput returns the maximum of output tokens in a second, by a window that slides bin by bin. It is NaN if the
// timeline is shorter than a second.
func (t *timeline) peakOutput(all []stretch) dist.Num {
	per := max(1, 1_000_000/t.width()) // bins in the window
	if len(all) == 0 || all[len(all)-1].first-all[0].first+1 < per {
		return dist.NaN()
	}
	var sum, most int64
	from := 0
	for _, s := range all {
		sum += s.output
		for ; all[from].first+all[from].n-1 <= s.first+s.n-1-per; from++ {
			sum -= all[from].output
		}
		most = max(most, sum)
	}
	return dist.Num(float64(most) / (float64(per*t.width()) / 1e6))
}

// edgePeak returns the maximum number of requests in flight at the edges of bins.
func edgePeak(all []stretch) int64 {
	var active, most int64
	for _, s := range all {
		active += s.starts - s.ends
		most = max(most, active)
	}
	return most
}
