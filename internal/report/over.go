package report

import (
	"slices"

	"llmperf/internal/record"
)

// over gathers what happened over time, in bins of equal width. The width doubles as often as the run's length asks for,
// so that memory is bounded whatever the length, and records may come in any order.
type over struct {
	width int64 // µs
	first int64 // the number of bins[0]: its time is first × width
	bins  []slot
}

// most is how many bins there are at most, and narrowest the least width, in µs.
const (
	mostBins  = 1024
	narrowest = 1000
)

// slot is one bin of time.
type slot struct {
	due, sent, done int64            // requests due, sent, and well ended
	tokens          float64          // output tokens that arrived
	failed          map[int]int64    // by number in errorKinds, at their end
	held, step      int64            // see enter
	maxLag          float64          // ms
	value           [numTimed]levels // of the requests sent, by kind of duration
}

// What has its values kept over time.
const (
	timedTTFT = iota
	timedTPOT
	timedLatency
	numTimed
)

func (o *over) add(r *record.Record) {
	if r.SentUs == 0 {
		return
	}
	due, end := due(r), r.EndUs()
	o.cover(due, end)
	o.at(due).due++
	s := o.at(r.SentUs)
	s.sent++
	s.maxLag = max(s.maxLag, r.LagMs)
	o.enter(r.SentUs, 1)
	o.enter(end, -1)
	if !r.OK {
		o.at(end).fail(errorKind(r), 1)
		return
	}
	o.at(end).done++
	s.value[timedLatency].add(r.LatencyMs, 1)
	if r.Streamed() {
		s.value[timedTTFT].add(r.TTFTMs, 1)
		if ms, ok := r.TPOT(); ok {
			s.value[timedTPOT].add(ms, 1)
		}
	}
	o.spread(r, end)
}

// due is when r was due; if it does not say so, or absurdly, when it was sent.
func due(r *record.Record) int64 {
	if d := r.ScheduledUs; d > 0 && d <= r.SentUs && r.SentUs-d <= mostMs*1000 {
		return d
	}
	return r.SentUs
}

// spread puts the output tokens of r where they arrived: chunk by chunk, each with the tokens that it says it has, else
// with an equal share of all. Those that were never streamed were made before the first.
func (o *over) spread(r *record.Record, end int64) {
	total := float64(r.CompletionTokens)
	if !r.Streamed() {
		o.at(end).tokens += total
		return
	}
	own := len(r.ChunkTokens) == len(r.GapUs)+1
	hidden := float64(min(r.HiddenTokens, r.CompletionTokens))
	share := (total - hidden) / float64(len(r.GapUs)+1)
	t := r.SentUs + int64(r.TTFTMs*1000)
	s, until := o.bin(min(t, end))
	if !own {
		s.tokens += hidden
	}
	for i := 0; ; i++ {
		if own {
			share = float64(r.ChunkTokens[i])
		}
		s.tokens += share
		if i == len(r.GapUs) {
			return
		}
		if t += r.GapUs[i]; t >= until {
			s, until = o.bin(min(t, end)) // a last chunk after the end is the rounding of latency_ms
		}
	}
}

// cover widens the bins until they hold all of from to to.
func (o *over) cover(from, to int64) {
	if o.width == 0 {
		o.width, o.first = narrowest, from/narrowest
	}
	for {
		lo, hi := min(o.first, from/o.width), max(o.first+int64(len(o.bins))-1, to/o.width)
		if hi-lo >= mostBins {
			o.double()
			continue
		}
		if lo < o.first {
			o.bins = append(make([]slot, o.first-lo), o.bins...)
			o.first = lo
		}
		if n := int(hi - lo + 1); n > len(o.bins) {
			o.bins = append(o.bins, make([]slot, n-len(o.bins))...)
		}
		return
	}
}

// double joins each two bins to one. Bins lie at multiples of their width, so that two sets of them always fit.
func (o *over) double() {
	odd := o.first % 2
	o.bins = joined(append(make([]slot, odd), o.bins...), 2, o.width)
	o.width, o.first = o.width*2, o.first/2
}

// coarse joins bins, from the first, until there are at most n.
func (o *over) coarse(n int) (bins []slot, width int64) {
	k := max(1, (len(o.bins)+n-1)/n)
	return joined(o.bins, k, o.width), o.width * int64(k)
}

// joined joins each k bins of a width to one.
func joined(bins []slot, k int, width int64) []slot {
	out := make([]slot, (len(bins)+k-1)/k)
	for i := range bins {
		out[i/k].join(&bins[i], width*int64(k-1-i%k))
	}
	return out
}

func (s *slot) fail(kind int, n int64) {
	if s.failed == nil {
		s.failed = map[int]int64{}
	}
	s.failed[kind] += n
}

// join adds b to a wider bin s; after is how long s goes on when b ends, in µs.
func (s *slot) join(b *slot, after int64) {
	s.due += b.due
	s.sent += b.sent
	s.done += b.done
	s.tokens += b.tokens
	s.held += b.held + b.step*after
	s.step += b.step
	s.maxLag = max(s.maxLag, b.maxLag)
	for kind, n := range b.failed {
		s.fail(kind, n)
	}
	for i := range b.value {
		s.value[i].merge(&b.value[i])
	}
}

// merge adds all of p, which it uses up.
func (o *over) merge(p *over) {
	if p.bins == nil {
		return
	}
	if o.bins == nil {
		*o = *p
		return
	}
	for o.width < p.width {
		o.double()
	}
	o.cover(p.first*p.width, (p.first+int64(len(p.bins)))*p.width-1)
	for p.width < o.width {
		p.double()
	}
	for i := range p.bins {
		o.bins[p.first+int64(i)-o.first].join(&p.bins[i], 0)
	}
}

// end is the last instant that the bins hold, in seconds from the first.
func (o *over) end() float64 { return float64(int64(len(o.bins))*o.width) / 1e6 }

func (o *over) at(t int64) *slot { return &o.bins[t/o.width-o.first] }

func (o *over) bin(t int64) (s *slot, until int64) { return o.at(t), (t/o.width + 1) * o.width }

// enter notes that n requests more are in flight from t on. A bin holds how long they are in flight within it (held, in
// request·µs), and how many more go on into the next (step): the area under the curve, and so the mean, is exact.
func (o *over) enter(t, n int64) {
	s, until := o.bin(t)
	s.held += n * (until - t)
	s.step += n
}

// inFlight gives the time-weighted mean number of requests in flight in each of bins of a width, in µs.
func inFlight(bins []slot, width int64) []float64 {
	out := make([]float64, len(bins))
	var running int64
	for i := range bins {
		out[i] = float64(bins[i].held+running*width) / float64(width)
		running += bins[i].step
	}
	return out
}

// errorKinds is every kind of error. What a record says beyond these is counted as "other", so that records cannot make
// as many as they like.
func errorKinds() []string {
	return []string{
		record.KindConnect, record.KindConnectTimeout, record.KindReadTimeout, record.KindTotalTimeout, record.KindTLS, record.KindHTTP,
		record.KindAPI, record.KindProtocol, record.KindTruncated, record.KindEmpty, record.KindCanceled, record.KindRequest, "other",
	}
}

func errorKind(r *record.Record) int {
	kinds := errorKinds()
	if r.Error != nil {
		if i := slices.Index(kinds, r.Error.Kind); i >= 0 {
			return i
		}
	}
	return len(kinds) - 1
}
