// Package stats turns records into figures: distributions, throughput and counts for each load point.
package stats

import (
	"cmp"
	"slices"
	"strings"

	"llmperf/internal/record"
)

// Options say what a Collector makes of records.
type Options struct {
	Percentiles  []float64 // nil is DefaultPercentiles
	Warmup       bool      // warm-up records count too
	DropFailures bool      // failures leave response time alone, rather than being +∞ in it
	ExactLimit   int       // values of a distribution that are kept as they are; 0 is DefaultExactLimit, negative all
}

// DefaultPercentiles returns what tables show.
func DefaultPercentiles() []float64 { return []float64{50, 90, 95, 99} }

// Collector gathers records into one block for each load point. It is not safe for concurrent use: give each goroutine
// its own and Merge them.
type Collector struct {
	opt    Options
	groups map[string]*group
}

// New returns an empty Collector.
func New(opt Options) *Collector {
	if opt.Percentiles == nil {
		opt.Percentiles = DefaultPercentiles()
	}
	return &Collector{opt: opt, groups: map[string]*group{}}
}

// Add takes one record, of which it keeps nothing: the caller may reuse it.
func (c *Collector) Add(r *record.Record) { c.group(r.Run).add(r, &c.opt) }

func (c *Collector) group(key string) *group {
	g := c.groups[key]
	if g == nil {
		key = strings.Clone(key)
		g = newGroup(key, &c.opt)
		c.groups[key] = g
	}
	return g
}

// Merge adds what o gathered, as if its records had been added here. o stays as it is.
func (c *Collector) Merge(o *Collector) {
	for key, g := range o.groups {
		c.group(key).merge(g)
	}
}

// Summary gives the figures of the records so far, the earliest load point first. It changes nothing: adding may go on.
func (c *Collector) Summary() *Summary {
	s := &Summary{Format: Format, Percentiles: c.opt.Percentiles, Blocks: []Block{}}
	groups := make([]*group, 0, len(c.groups))
	for _, g := range c.groups {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.firstUs, b.firstUs), cmp.Compare(a.run, b.run))
	})
	for _, g := range groups {
		s.Blocks = append(s.Blocks, g.block(&c.opt))
	}
	return s
}
