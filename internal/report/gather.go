package report

import (
	"math"
	"slices"
	"strings"

	"perfpipe/internal/dist"
	"perfpipe/internal/ledger"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// gathered is the data of the figures that a summary lacks. Each part can be merged, and its size is bounded.
type gathered struct {
	course         stats.Course
	runs           map[runKey]*stretch
	sample         sample
	agents         agents
	byLen          density // TTFT against prompt length
	turns          map[int]*turn
	prompt, output extent
	absurd         int64 // records with an impossible time or count
}

// runKey is a load point of one run.
type runKey struct{ run, id string }

// during returns the stretch of a load point that contains an instant, or nil.
func (g *gathered) during(run string, us int64) *stretch {
	for k, s := range g.runs {
		if k.run == run && s.all.lo <= us && us <= s.all.hi {
			return s
		}
	}
	return nil
}

// stretch is the time of a load point's requests, and that of its warm-up, in µs.
type stretch struct {
	all, warmup extent
	ledger      ledger.Ledger // without the warm-up
}

// due returns when r was due, or if that is missing or impossible, when it was sent.
func due(r *record.Record) int64 {
	if d := r.ScheduledUs; d > 0 && d <= r.SentUs && r.SentUs-d <= mostMs*1000 {
		return d
	}
	return r.SentUs
}

// extent is the range of the values seen. The zero value has seen none.
type extent struct {
	lo, hi int64
	seen   bool
}

func (e *extent) add(v int64) {
	if !e.seen {
		*e = extent{v, v, true}
		return
	}
	e.lo, e.hi = min(e.lo, v), max(e.hi, v)
}

func (e *extent) merge(o extent) {
	if o.seen {
		e.add(o.lo)
		e.add(o.hi)
	}
}

// mostRuns and mostTurns bound the memory that a hostile input can take.
const (
	mostRuns  = 4096
	mostTurns = 200
)

// turn has the TTFT of one turn of all conversations, in µs.
type turn struct{ ttft dist.Dist }

func newGathered() *gathered { return &gathered{runs: map[runKey]*stretch{}, turns: map[int]*turn{}} }

// The greatest plausible numbers of a record: an instant before the year 38,000, a duration of less than twelve days,
// and a count whose sums do not overflow.
const (
	mostUs    = 1 << 60
	mostMs    = 1 << 30
	mostCount = 1 << 40
)

// plausible reports whether all numbers of r can be those of a request. Charts leave out other records, since a single
// one would stretch every axis.
func plausible(r *record.Record) bool {
	for _, us := range [...]int64{r.SentUs, r.ScheduledUs} {
		if us < 0 || us > mostUs {
			return false
		}
	}
	for _, ms := range [...]float64{r.LatencyMs, r.TTFTMs, r.QueueMs, r.DNSMs, r.ConnectMs, r.TLSMs, r.TPOTMs} {
		if !(ms >= 0 && ms <= mostMs) {
			return false
		}
	}
	if !(math.Abs(r.LagMs) <= mostMs && r.Rate >= 0 && r.Rate <= mostCount) {
		return false
	}
	for _, n := range [...]int{r.PromptTokens, r.CompletionTokens} {
		if n < 0 || n > mostCount {
			return false
		}
	}
	var gaps int64
	for _, us := range r.GapUs {
		if gaps += us; us < 0 || gaps < 0 || gaps > mostMs*1000 {
			return false
		}
	}
	return !slices.ContainsFunc(r.ChunkTokens, func(n int) bool { return n < 0 || n > mostCount })
}

func (g *gathered) add(r *record.Record) {
	if !plausible(r) {
		g.absurd++
		return
	}
	g.course.Add(r)
	g.stretch(r)
	g.sample.add(r)
	g.agents.add(r)
	if !r.OK || r.Phase == record.PhaseWarmup {
		return
	}
	if r.PromptTokens > 0 {
		g.prompt.add(int64(r.PromptTokens))
	}
	if r.CompletionTokens > 0 {
		g.output.add(int64(r.CompletionTokens))
	}
	if !r.Streamed() {
		return
	}
	if r.PromptTokens > 0 {
		g.byLen.add(float64(r.PromptTokens), r.TTFTMs)
	}
	if r.Turn > 0 && r.Turn <= mostTurns {
		t := g.turns[r.Turn]
		if t == nil {
			t = &turn{}
			g.turns[r.Turn] = t
		}
		t.ttft.Add(int64(r.TTFTMs*1000 + 0.5))
	}
}

func (g *gathered) stretch(r *record.Record) {
	if r.SentUs == 0 {
		return
	}
	key := runKey{r.Run, r.RunID}
	s := g.runs[key]
	if s == nil {
		if len(g.runs) >= mostRuns {
			return
		}
		s = &stretch{}
		g.runs[runKey{strings.Clone(r.Run), strings.Clone(r.RunID)}] = s
	}
	s.all.add(r.SentUs)
	s.all.add(due(r))
	s.all.add(r.EndUs())
	if r.Phase == record.PhaseWarmup {
		s.warmup.add(r.SentUs)
	} else {
		s.ledger.Add(r)
	}
}

// merge adds all of o, which must not be used afterwards.
func (g *gathered) merge(o *gathered) {
	g.course.Merge(&o.course)
	for run, s := range o.runs {
		if have := g.runs[run]; have != nil {
			have.all.merge(s.all)
			have.warmup.merge(s.warmup)
			have.ledger.Merge(&s.ledger)
		} else {
			g.runs[run] = s
		}
	}
	g.agents.merge(&o.agents)
	g.sample.merge(&o.sample)
	g.byLen.merge(&o.byLen)
	g.absurd += o.absurd
	g.prompt.merge(o.prompt)
	g.output.merge(o.output)
	for n, t := range o.turns {
		if have := g.turns[n]; have != nil {
			have.ttft.Merge(&t.ttft)
		} else {
			g.turns[n] = t
		}
	}
}

// density counts pairs in cells of equal ratio, eight per octave in each direction.
type density struct{ count map[[2]int16]int64 }

const densityPerOctave = 8

func (d *density) add(x, y float64) {
	if d.count == nil {
		d.count = map[[2]int16]int64{}
	}
	d.count[[2]int16{densityBin(x), densityBin(y)}]++
}

// densityBin returns ⌊8 log₂ v⌋. It compares the mantissa with the bins' edges, which is faster than a logarithm.
func densityBin(v float64) int16 {
	const mantissa = 1<<52 - 1
	bits := math.Float64bits(max(v, 0.001))
	bin := int16(bits>>52)*densityPerOctave - 1023*densityPerOctave
	for _, edge := range [densityPerOctave - 1]float64{
		1.0905077326652577, 1.189207115002721, 1.2968395546510096, 1.4142135623730951, 1.5422108254079407, 1.681792830507429,
		1.8340080864093424,
	} {
		if bits&mantissa < math.Float64bits(edge)&mantissa {
			break
		}
		bin++
	}
	return bin
}

func densityEdge(i int16) float64 { return math.Exp2(float64(i) / densityPerOctave) }

func (d *density) merge(o *density) {
	for k, n := range o.count {
		if d.count == nil {
			d.count = map[[2]int16]int64{}
		}
		d.count[k] += n
	}
}
