package define

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"perfpipe/internal/dist"
	"perfpipe/internal/gate"
	"perfpipe/internal/group"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// Records collects records and computes their figures by several definitions. It stores every value.
type Records struct {
	defs    []Definition
	opt     stats.Options
	seconds bool // a tool has Peaks
	groups  map[group.ID]*point
}

// point holds the values of one load point.
type point struct {
	dists          [][]dist.Dist // by definition and figure
	sent, due, end int64         // first send, first due time, last end; µs since the epoch
	all, timed     stats.Totals  // of all requests; of those with times, of which rates are
	requests       int64
	simulated      bool
	load           Load
	each           []request // if a tool has Peaks
}

// Block holds the figures of one load point by the definition of one tool.
type Block struct {
	Group     string        `json:"group"`
	Simulated bool          `json:"simulated"` // the built-in simulator answered, not a server
	Tool      string        `json:"tool"`
	Figures   stats.Metrics `json:"figures"`
	Duration  dist.Num      `json:"duration_s"`
	Requests  dist.Num      `json:"requests_per_s"`
	Output    dist.Num      `json:"output_tokens_per_s"`
	Total     dist.Num      `json:"total_tokens_per_s"`
	Goodput   dist.Num      `json:"goodput_per_s"` // if there are limits
	Input     dist.Num      `json:"-"`             // input tokens/s
	Items     dist.Num      `json:"-"`             // inputs or documents/s
	*Peaks                  // of tools that have them

	Load        Load      `json:"-"`
	Counts      Counts    `json:"-"`
	Each        []Request `json:"-"` // in the order of the requests, if the tool has Peaks
	Percentiles []float64 `json:"-"` // those of the Figures
}

// Load is the load of a load point, as far as its records agree on it.
type Load struct {
	Mode, Model, Op string
	Rate            float64 // requests/s; 0 without one
	Parallel        int     // requests in flight; 0 without a limit
}

// merge empties what differs from that of o.
func (l *Load) merge(o Load) {
	same := func(a *string, b string) {
		if *a != b {
			*a = ""
		}
	}
	same(&l.Mode, o.Mode)
	same(&l.Model, o.Model)
	same(&l.Op, o.Op)
	if l.Rate != o.Rate {
		l.Rate = 0
	}
	if l.Parallel != o.Parallel {
		l.Parallel = 0
	}
}

// Counts are the sums of a load point.
type Counts struct {
	OK, Failed    int64
	Input, Output int64 // tokens of successful requests
	Items         int64 // their inputs or documents
	EndUs         int64 // the last end, µs since the epoch
}

// New returns Records without records. If opt has no keys, it groups by load point.
func New(defs []Definition, opt stats.Options) *Records {
	if opt.By == nil {
		opt.By = []group.Key{group.Run()}
	}
	if opt.Percentiles == nil {
		opt.Percentiles = stats.DefaultPercentiles()
	}
	seconds := slices.ContainsFunc(defs, func(d Definition) bool { return d.seconds })
	return &Records{defs, opt, seconds, map[group.ID]*point{}}
}

// Tap returns a function that returns all records that stream has read so far. It must be called before the stream is
// read.
func Tap(stream *stats.Stream, defs []Definition, opt stats.Options) func() *Records {
	var parts []*Records
	stream.Also(func() func(*record.Record) {
		d := New(defs, opt)
		parts = append(parts, d)
		return d.Add
	})
	return func() *Records {
		all := New(defs, opt)
		for _, d := range parts {
			all.Merge(d)
		}
		return all
	}
}

// Add adds a record. It does not retain r.
func (d *Records) Add(r *record.Record) {
	if r.Phase == record.PhaseWarmup && !d.opt.Warmup {
		return
	}
	g := d.group(group.IDOf(d.opt.By, r, ""))
	g.simulated = g.simulated || r.API == record.SimAPI
	timed, _ := metric.Timed(r)
	if timed {
		g.sent, g.due, g.end = min(g.sent, r.SentUs), min(g.due, metric.DueUs(r)), max(g.end, r.EndUs())
	}
	load := Load{r.Mode, r.Model, r.Op, r.Rate, r.Parallel}
	if g.requests == 0 {
		g.load = load
		g.load.Mode, g.load.Model, g.load.Op = strings.Clone(r.Mode), strings.Clone(r.Model), strings.Clone(r.Op)
	}
	g.load.merge(load)
	g.requests++
	good := gate.Good(r, d.opt.Goodput)
	g.all.Add(r, good)
	if timed {
		g.timed.Add(r, good)
	}
	if d.seconds && timed {
		g.each = append(g.each, requestOf(r))
	}
	o := metric.Observe(r)
	for i, def := range d.defs {
		for j, f := range def.figures {
			f.Add(&g.dists[i][j], &o)
		}
	}
}

// group returns the load point with an ID, which it creates on first use.
func (d *Records) group(k group.ID) *point {
	g := d.groups[k]
	if g == nil {
		g = &point{sent: math.MaxInt64, due: math.MaxInt64}
		for _, def := range d.defs {
			dists := make([]dist.Dist, len(def.figures))
			for j := range dists {
				dists[j].Limit = -1
			}
			g.dists = append(g.dists, dists)
		}
		d.groups[k.Clone()] = g
	}
	return g
}

// Merge adds the records of o, which has the same definitions and options.
func (d *Records) Merge(o *Records) {
	for k, theirs := range o.groups {
		g := d.group(k)
		g.sent, g.due, g.end = min(g.sent, theirs.sent), min(g.due, theirs.due), max(g.end, theirs.end)
		g.simulated = g.simulated || theirs.simulated
		if g.requests == 0 {
			g.load = theirs.load
		}
		g.load.merge(theirs.load)
		g.requests += theirs.requests
		g.all, g.timed = g.all.Plus(theirs.all), g.timed.Plus(theirs.timed)
		g.each = append(g.each, theirs.each...)
		for i := range g.dists {
			for j := range g.dists[i] {
				g.dists[i][j].Merge(&theirs.dists[i][j])
			}
		}
	}
}

// Blocks returns a Block for each load point, the earliest first, and each definition.
func (d *Records) Blocks() []Block {
	keys := slices.SortedFunc(maps.Keys(d.groups), func(a, b group.ID) int {
		return cmp.Or(cmp.Compare(d.groups[a].due, d.groups[b].due), a.Compare(b))
	})
	name := func(k group.ID) string {
		name := k.Name.String()
		if slices.ContainsFunc(keys, func(o group.ID) bool { return o != k && o.Name == k.Name }) {
			name += ", run_id " + k.RunID
		}
		return name
	}
	out := []Block{}
	for _, k := range keys {
		for i := range d.defs {
			b := d.block(d.groups[k], i)
			b.Group = name(k)
			out = append(out, b)
		}
	}
	return out
}

// block returns the figures of a load point by definition i.
func (d *Records) block(g *point, i int) Block {
	def := &d.defs[i]
	b := Block{
		Simulated: g.simulated, Tool: def.Tool, Duration: dist.NaN(), Goodput: dist.NaN(), Figures: stats.Metrics{},
		Load: g.load, Percentiles: d.opt.Percentiles,
		Counts: Counts{g.all.OK, g.requests - g.all.OK, g.all.Input, g.all.Output, g.all.Items, g.end},
	}
	start := g.sent
	if def.fromDue {
		start = g.due
	}
	if g.end > 0 {
		b.Duration = dist.Num(g.end-start) / 1e6
	}
	per := func(n int64) dist.Num { return dist.Num(n).Per(b.Duration) }
	b.Requests, b.Output, b.Total = per(g.timed.OK), per(g.timed.Output), per(g.timed.Input+g.timed.Output)
	b.Input, b.Items = per(g.timed.Input), per(g.timed.Items)
	if len(d.opt.Goodput) > 0 {
		b.Goodput = per(g.timed.Good)
	}
	if def.seconds {
		b.Peaks, b.Each = peaks(g.each), inOrder(g.each)
	}
	for j, f := range def.figures {
		if values := &g.dists[i][j]; values.N() > 0 {
			stat := def.stat(values, d.opt.Percentiles, f.Scale)
			b.Figures = append(b.Figures, stats.Metric{Key: f.Key, Name: f.Name, Stat: stat})
		}
	}
	return b
}

// stat returns the statistics of d, with percentiles by the rule of the tool.
func (def *Definition) stat(d *dist.Dist, percentiles []float64, unit float64) dist.Stat {
	s := d.Stat(nil, unit)
	sorted := d.Sorted(unit)
	for _, p := range percentiles {
		s.Percentiles = append(s.Percentiles, dist.Percentile{P: p, Value: dist.Num(def.rule(sorted, p))})
	}
	return s
}
