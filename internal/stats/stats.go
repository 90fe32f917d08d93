// Package stats turns records into figures. A Collector gathers records, in any order, into one Block of figures for each
// load point; a Stream reads record lines into Collectors; a Course is what happened along a run, for charts. Collectors
// merge, and save their state in a Summary from which others are merged without the records.
//
// More than 20 names are exported: a Summary has a type for each part of its JSON, and the verdict on the load generator
// and the Course need the same timeline.
package stats

import (
	"cmp"
	"maps"
	"slices"

	"perfpipe/internal/gate"
	"perfpipe/internal/group"
	"perfpipe/internal/record"
)

// Options say what a Collector makes of records.
type Options struct {
	By           []group.Key  // what makes a block; nil is the load point
	Percentiles  []float64    // nil is DefaultPercentiles
	Warmup       bool         // warm-up records count too
	DropFailures bool         // failures leave response time alone, rather than being +∞ in it
	Goodput      []gate.Limit // what makes a request a good one
	Gates        []gate.Gate  // what makes a block a good one
	GPUs         int          // that served; 0 is unknown
	Intervals    bool         // confidence intervals, for which the values of every request are kept
	ExactLimit   int          // values of a distribution that are kept as they are; 0 is DefaultExactLimit, negative all
}

// DefaultPercentiles returns what tables show.
func DefaultPercentiles() []float64 { return []float64{50, 90, 95, 99} }

// Collector gathers records into one block for each load point of each run. It is not safe for concurrent use: give each goroutine
// its own and Merge them.
type Collector struct {
	opt    Options
	apart  bool // load points of one name are told apart by the run they are of
	file   string
	groups map[group.ID]*accumulator
	latest *accumulator // of the last record
}

// New returns an empty Collector.
func New(opt Options) *Collector {
	if opt.Percentiles == nil {
		opt.Percentiles = DefaultPercentiles()
	}
	if opt.By == nil {
		opt.By = []group.Key{group.Run()}
	}
	return &Collector{opt: opt, apart: group.ByRun(opt.By), groups: map[group.ID]*accumulator{}}
}

// Add takes one record, of which it keeps nothing: the caller may reuse it.
func (c *Collector) Add(r *record.Record) {
	k := group.ID{Name: group.NameOf(c.opt.By, r, c.file)}
	if c.apart {
		k.RunID = r.RunID
	}
	c.group(k).add(r, c.file, &c.opt)
}

// From names the file of the records that come next.
func (c *Collector) From(file string) { c.file = file }

func (c *Collector) group(k group.ID) *accumulator {
	if c.latest != nil && c.latest.ID == k {
		return c.latest
	}
	g := c.groups[k]
	if g == nil {
		k = k.Clone()
		g = newAccumulator(k, &c.opt)
		c.groups[k] = g
	}
	c.latest = g
	return g
}

// Merge adds what o gathered, as if its records had been added here. o stays as it is.
func (c *Collector) Merge(o *Collector) {
	for k, g := range o.groups {
		c.group(k).merge(g)
	}
}

// At returns c with other percentiles. It shares the records of c.
func (c *Collector) At(percentiles []float64) *Collector {
	out := *c
	out.opt.Percentiles = percentiles
	return &out
}

// Summary gives the figures of the records so far, the earliest load point first. It changes nothing: adding may go on.
func (c *Collector) Summary() *Summary {
	s := &Summary{Format: Format, Percentiles: c.opt.Percentiles, Blocks: []Block{}}
	groups := c.sorted()
	for i, g := range groups {
		b := g.block(&c.opt)
		b.Group = append(b.Group, apart(groups, i)...)
		s.Blocks = append(s.Blocks, b)
	}
	s.markBest()
	return s
}

func (c *Collector) sorted() []*accumulator {
	groups := c.joined(slices.Collect(maps.Values(c.groups)))
	sortGroups(groups, c.opt.By)
	return groups
}

// sortGroups puts the earliest first, so that the load points of a sweep are in the order in which they ran. Groups by
// other keys are in the order of the values.
func sortGroups(groups []*accumulator, by []group.Key) {
	byTime := group.ByRun(by)
	slices.SortFunc(groups, func(a, b *accumulator) int {
		if byTime {
			return cmp.Or(cmp.Compare(a.flights.firstUs, b.flights.firstUs), a.ID.Compare(b.ID))
		}
		return a.Name.Compare(b.Name)
	})
}
