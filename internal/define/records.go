package define

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"perfpipe/internal/dist"
	"perfpipe/internal/group"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// Records collects records and computes their figures by several definitions. It stores every value.
type Records struct {
	defs   []Definition
	opt    stats.Options
	groups map[group.ID]*point
}

// point holds the values of one load point.
type point struct {
	dists          [][]dist.Dist // by definition and figure
	sent, due, end int64         // first send, first due time, last end; µs since the epoch
	ok, out        int64         // successful requests and their output tokens
	simulated      bool
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
}

// New returns Records without records. If opt has no keys, it groups by load point.
func New(defs []Definition, opt stats.Options) *Records {
	if opt.By == nil {
		opt.By = []group.Key{group.Run()}
	}
	if opt.Percentiles == nil {
		opt.Percentiles = stats.DefaultPercentiles()
	}
	return &Records{defs, opt, map[group.ID]*point{}}
}

// Add adds a record. It does not retain r.
func (d *Records) Add(r *record.Record) {
	if r.Phase == record.PhaseWarmup && !d.opt.Warmup {
		return
	}
	g := d.group(group.IDOf(d.opt.By, r, ""))
	g.simulated = g.simulated || r.API == record.SimAPI
	if metric.Sane(r) && r.SentUs > 0 {
		g.sent, g.due, g.end = min(g.sent, r.SentUs), min(g.due, metric.DueUs(r)), max(g.end, r.EndUs())
	}
	if r.OK {
		g.ok++
		g.out += metric.Tokens(r.CompletionTokens)
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
		g.ok += theirs.ok
		g.out += theirs.out
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
		g := d.groups[k]
		for i, def := range d.defs {
			b := Block{Group: name(k), Simulated: g.simulated, Tool: def.Tool, Duration: dist.NaN(), Figures: stats.Metrics{}}
			start := g.sent
			if def.fromDue {
				start = g.due
			}
			if g.end > 0 {
				b.Duration = dist.Num(g.end-start) / 1e6
			}
			b.Requests, b.Output = dist.Num(g.ok).Per(b.Duration), dist.Num(g.out).Per(b.Duration)
			for j, f := range def.figures {
				if values := &g.dists[i][j]; values.N() > 0 {
					stat := def.stat(values, d.opt.Percentiles, f.Scale)
					b.Figures = append(b.Figures, stats.Metric{Key: f.Key, Name: f.Name, Stat: stat})
				}
			}
			out = append(out, b)
		}
	}
	return out
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
