package stats

import (
	"fmt"
	"math"

	"perfpipe/internal/prompage"
	"perfpipe/internal/servermetrics"
	"perfpipe/internal/spend"
)

// AddServer sets the Server and the Energy of each block from the samples taken during the block, and reports whether
// there are any. Server has the series of pages that show accepts; nil accepts none.
func (s *Summary) AddServer(file *servermetrics.File, show func(*prompage.Series) bool) (found bool) {
	for i := range s.Blocks {
		b := &s.Blocks[i]
		if b.Server = file.Summarize(b.FirstScheduledUs, b.LastEndUs, show); b.Server == nil {
			continue
		}
		found = true
		for i := range b.Server.Times {
			b.compareTime(&b.Server.Times[i])
		}
		b.addEnergy(s)
	}
	return found
}

// compareTime adds to a time of the server that of the records, and their difference.
func (b *Block) compareTime(t *servermetrics.Time) {
	m := b.Metrics.Get(t.Key)
	if m == nil || m.N == 0 || !m.Mean.Known() || b.of == nil {
		return
	}
	n, ms := float64(m.N), float64(m.Mean)
	// Servers count gaps between tokens. If chunks have several tokens, or some have none, the gaps are shared.
	tokens, chunks := float64(b.of.chunkTokens), float64(b.of.chunks)
	if t.Key == "itl_ms" && n == chunks && tokens > 0 && math.Abs(tokens-t.N) < math.Abs(chunks-t.N) {
		n, ms = tokens, ms*chunks/tokens
	}
	t.OursN, t.OursMs = &n, &ms
	t.DifferenceMs = new(ms - t.MeanMs)
	if t.MeanMs > 0 {
		t.Difference = new(*t.DifferenceMs / t.MeanMs)
	}
	if t.Key == "ttft_ms" && math.Abs(t.N-n) > max(1, 0.01*n) {
		b.Notes = append(b.Notes, fmt.Sprintf("the server counted %.0f first tokens and the records %.0f: it has other "+
			"clients, or its samples include a warm-up or other load points", t.N, n))
	}
}

// addEnergy sets the Energy, unless other load points ran at the same time.
func (b *Block) addEnergy(s *Summary) {
	length := b.LastEndUs - b.FirstScheduledUs
	e := spend.EnergyOf(b.Server, float64(length)/1e6, b.of.timedWork(b))
	if e == nil {
		return
	}
	if s.overlaps(b) {
		b.Notes = append(b.Notes, "no energy is shown: it includes other load points that ran at the same time")
		return
	}
	if idle := length - int64(float64(b.DurationS)*1e6); idle > length/100 {
		b.Notes = append(b.Notes, "the energy includes the time that is not part of the duration")
	}
	b.Energy = e
}

// overlaps reports whether another block ran at the same time as b, which is one of s.
func (s *Summary) overlaps(b *Block) bool {
	length := b.LastEndUs - b.FirstScheduledUs
	for i := range s.Blocks {
		o := &s.Blocks[i]
		both := min(b.LastEndUs, o.LastEndUs) - max(b.FirstScheduledUs, o.FirstScheduledUs)
		if o != b && both > min(length, o.LastEndUs-o.FirstScheduledUs)/100 {
			return true
		}
	}
	return false
}

// dropHourly removes the costs by the hour of blocks that overlap, each of which would pay for the whole server.
func (s *Summary) dropHourly() {
	for i := range s.Blocks {
		if b := &s.Blocks[i]; b.Cost != nil && b.Cost.Hour != nil && s.overlaps(b) {
			b.Notes = append(b.Notes, "no cost by the hour is shown: other load points ran at the same time")
			if b.Cost.Hour = nil; b.Cost.Tokens == nil {
				b.Cost = nil
			}
		}
	}
}

// timed returns the totals of the requests whose times are known. Rates are of these, since a duration says nothing of
// the others.
func (g *accumulator) timed() Totals { return g.done.Minus(g.untimed) }

// timedWork returns the part of the work whose time is known, which is that of the block.
func (g *accumulator) timedWork(b *Block) spend.Work {
	w := g.work(b)
	if g != nil {
		done := g.timed()
		w.OK, w.Input, w.Output = done.OK, done.Input, done.Output
	}
	return w
}

// work returns the work that the block completed.
func (g *accumulator) work(b *Block) spend.Work {
	w := spend.Work{Seconds: b.DurationS, OK: b.OK, Input: b.InputTokens, Output: b.OutputTokens}
	if g != nil {
		w.Cached = g.cached
	}
	return w
}
