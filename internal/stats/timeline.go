package stats

import (
	"math"
	"slices"
)

const (
	baseBin = 15_625 // µs, the finest bin: 64 of them are a second
	maxBins = 4096   // then two bins become one
)

// timeline counts what happened when, in bins aligned to the epoch, whose width doubles as the run gets longer. So
// timelines merge by addition, and are the same whatever the order of the records.
type timeline struct {
	level int   // bins are baseBin<<level µs wide
	first int64 // index of bins[0]: instant ÷ width
	bins  []bin
}

// bin holds sums. The in-flight time of a bin follows from the offsets of the starts and ends within it, so that adding
// a request takes two steps however long it was.
type bin struct {
	starts, startUs int64 // requests sent, Σ µs from the bin's begin to each
	ends, endUs     int64 // answers ended, and the same
	ok              int64 // ends of successes
	output, input   int64 // tokens by arrival; prompt tokens when their answer began
}

func (t *timeline) width() int64 { return baseBin << t.level }

// at gives the bin of an instant, and where in it that is. The pointer is good until the next call.
func (t *timeline) at(us int64) (b *bin, offset int64) {
	i := us / t.width()
	if n := int64(len(t.bins)); n > 0 && i >= t.first && i < t.first+n {
		return &t.bins[i-t.first], us - i*t.width()
	}
	t.cover(i)
	i = us / t.width()
	return &t.bins[i-t.first], us - i*t.width()
}

// cover makes the bins hold index i of the present width, coarser if need be.
func (t *timeline) cover(i int64) {
	if len(t.bins) == 0 {
		t.first, t.bins = i, make([]bin, 1, 64)
		return
	}
	for max(i, t.last())-min(i, t.first) >= maxBins {
		t.coarsen()
		i /= 2
	}
	if i < t.first {
		t.bins = slices.Insert(t.bins, 0, make([]bin, t.first-i)...)
		t.first = i
	}
	if more := i - t.last(); more > 0 {
		t.bins = append(t.bins, make([]bin, more)...)
	}
}

func (t *timeline) last() int64 { return t.first + int64(len(t.bins)) - 1 }

// coarsen makes two bins one.
func (t *timeline) coarsen() {
	width := t.width()
	first := t.first / 2
	merged := make([]bin, t.last()/2-first+1)
	for j, b := range t.bins {
		i := t.first + int64(j)
		if i%2 == 1 {
			b.startUs += b.starts * width
			b.endUs += b.ends * width
		}
		merged[i/2-first].add(b)
	}
	t.level++
	t.first, t.bins = first, merged
}

func (b *bin) add(o bin) {
	b.starts += o.starts
	b.startUs += o.startUs
	b.ends += o.ends
	b.endUs += o.endUs
	b.ok += o.ok
	b.output += o.output
	b.input += o.input
}

func (t *timeline) merge(o *timeline) {
	if len(o.bins) == 0 {
		return
	}
	c := &timeline{o.level, o.first, slices.Clone(o.bins)}
	if len(t.bins) == 0 {
		*t = *c
		return
	}
	for t.level < c.level {
		t.coarsen()
	}
	for c.level < t.level {
		c.coarsen()
	}
	t.cover(c.first)
	for c.level < t.level {
		c.coarsen()
	}
	t.cover(c.last())
	for c.level < t.level {
		c.coarsen()
	}
	for i, b := range c.bins {
		t.bins[c.first+int64(i)-t.first].add(b)
	}
}

// busy gives the in-flight time of each bin, in µs of requests, and of them all.
func (t *timeline) busy() (each []int64, sum int64) {
	each = make([]int64, len(t.bins))
	active := int64(0)
	for i, b := range t.bins {
		each[i] = active*t.width() + b.starts*t.width() - b.startUs - (b.ends*t.width() - b.endUs)
		active += b.starts - b.ends
		sum += each[i]
	}
	return each, sum
}

// peakOutput is the highest number of output tokens in a second, a window that slides bin by bin. It is NaN where all
// takes less than a second.
func (t *timeline) peakOutput() Num {
	per := max(1, int(1_000_000/t.width())) // bins in the window
	if len(t.bins) < per {
		return nan()
	}
	var sum, most int64
	for i, b := range t.bins {
		sum += b.output
		if i >= per {
			sum -= t.bins[i-per].output
		}
		most = max(most, sum)
	}
	return Num(float64(most) / (float64(int64(per)*t.width()) / 1e6))
}

// edgePeak is the most requests that were in flight at the edge of a bin.
func (t *timeline) edgePeak() int64 {
	var active, most int64
	for _, b := range t.bins {
		active += b.starts - b.ends
		most = max(most, active)
	}
	return most
}

// steadyLevel is how near to the level a bin's load must come to begin or end the steady window.
const steadyLevel = 0.95

// steady gives the window in which the load was at its level: from the first bin to the last whose average of requests
// in flight is at least 0.95 of the median bin's. So the ramp-up and the drain tail are cut, whatever the kind of load.
func (t *timeline) steady() Window {
	w := Window{DurationS: nan(), RequestsPerS: nan(), OutputPerS: nan(), InputPerS: nan(), TotalPerS: nan(), InFlight: nan()}
	busy, _ := t.busy()
	if len(busy) == 0 {
		return w
	}
	sorted := slices.Sorted(slices.Values(busy))
	enough := int64(math.Ceil(steadyLevel * float64(sorted[len(sorted)/2])))
	from := slices.IndexFunc(busy, func(us int64) bool { return us >= enough })
	to := len(busy)
	for busy[to-1] < enough {
		to--
	}
	var sum bin
	var inFlight int64
	for i := from; i < to; i++ {
		sum.add(t.bins[i])
		inFlight += busy[i]
	}
	if sum.ends == 0 {
		return w // a request or two say nothing of it
	}
	us := int64(to-from) * t.width()
	w.FromUs, w.ToUs = (t.first+int64(from))*t.width(), (t.first+int64(to))*t.width()
	w.DurationS = Num(float64(us) / 1e6)
	w.RequestsPerS, w.OutputPerS = per(sum.ok, w.DurationS), per(sum.output, w.DurationS)
	w.InputPerS, w.TotalPerS = per(sum.input, w.DurationS), per(sum.input+sum.output, w.DurationS)
	w.InFlight = Num(float64(inFlight) / float64(us))
	return w
}
