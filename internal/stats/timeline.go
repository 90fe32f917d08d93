package stats

import (
	"maps"
	"slices"

	"perfpipe/internal/dist"
)

const (
	baseBin   = 15_625 // µs, the finest bin: 64 of them are a second
	binsBits  = 6
	pageBins  = 1 << binsBits
	maxPages  = 64 // then two bins become one
	nearPages = maxPages
)

// timeline counts what happened when, in bins aligned to the epoch, whose width doubles as there is more to tell. Only
// pages of bins in which something happened exist, so that hours of nothing cost no resolution. Timelines merge by
// addition, and are the same whatever the order of the records.
type timeline struct {
	level int // bins are baseBin<<level µs wide
	pages map[int64]*binPage
	near  [nearPages]*binPage // the page asked for last, by the low bits of its index
}

// binPage is pageBins consecutive bins.
type binPage struct {
	index int64 // instant ÷ (width · pageBins)
	bins  [pageBins]bin
}

// bin holds sums. The in-flight time of a bin follows from the offsets of the starts and ends within it, so that adding
// a request takes two steps however long it was.
type bin struct {
	starts, startUs int64 // requests sent, Σ µs from the bin's begin to each
	ends, endUs     int64 // answers ended, and the same
	ok              int64 // ends of successes
	output, input   int64 // tokens by arrival; prompt tokens when their answer began
	dues            int64 // requests due
}

func (t *timeline) width() int64 { return baseBin << t.level }

// at returns the bin of an instant, and where in it that is. The pointer is good until the next call.
func (t *timeline) at(us int64) (b *bin, offset int64) {
	p, j, begin := t.find(us)
	return &p.bins[j], us - begin
}

// find returns the page and bin of an instant, and the instant at which the bin begins.
func (t *timeline) find(us int64) (p *binPage, j int, begin int64) {
	i := us / t.width()
	p = t.near[i>>binsBits%nearPages]
	if p == nil || p.index != i>>binsBits {
		p = t.page(i >> binsBits)
		i = us / t.width() // it may have become coarser
		t.near[i>>binsBits%nearPages] = p
	}
	return p, int(i % pageBins), i * t.width()
}

// page returns the page of an index of the present width, coarser if need be.
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

// coarsen makes two bins one.
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

// stretch is one bin, or the bins between two pages, in which nothing happened.
type stretch struct {
	first, n int64 // index of its first bin; bins
	busy     int64 // µs of requests in flight
	idle     bool  // nothing was in flight or due
	bin
}

// stretches returns all bins from the first to the last in which anything happened, in order.
func (t *timeline) stretches() []stretch {
	width := t.width()
	var out []stretch
	var active, overdue int64
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

// peakOutput is the highest number of output tokens in a second, a window that slides bin by bin. It is NaN if all takes
// less than a second.
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

// edgePeak is the most requests that were in flight at the edge of a bin.
func edgePeak(all []stretch) int64 {
	var active, most int64
	for _, s := range all {
		active += s.starts - s.ends
		most = max(most, active)
	}
	return most
}
