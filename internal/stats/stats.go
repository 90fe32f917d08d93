// Package stats turns records into figures: distributions, throughput and counts for each load point.
package stats

import (
	"maps"
	"slices"
	"strings"

	"llmperf/internal/record"
)

// Options say what a Collector makes of records.
type Options struct {
	By           []Key     // what makes a block; nil is the load point
	Percentiles  []float64 // nil is DefaultPercentiles
	Warmup       bool      // warm-up records count too
	DropFailures bool      // failures leave response time alone, rather than being +∞ in it
	Goodput      []Limit   // what makes a request a good one
	Gates        []Gate    // what makes a block a good one
	GPUs         int       // that served; 0 is unknown
	ExactLimit   int       // values of a distribution that are kept as they are; 0 is DefaultExactLimit, negative all
}

// DefaultPercentiles returns what tables show.
func DefaultPercentiles() []float64 { return []float64{50, 90, 95, 99} }

// Collector gathers records into one block for each load point. It is not safe for concurrent use: give each goroutine
// its own and Merge them.
type Collector struct {
	opt    Options
	groups map[string]*group
	latest *group // of the last record
}

// New returns an empty Collector.
func New(opt Options) *Collector {
	if opt.Percentiles == nil {
		opt.Percentiles = DefaultPercentiles()
	}
	if opt.By == nil {
		opt.By = []Key{RunKey()}
	}
	return &Collector{opt: opt, groups: map[string]*group{}}
}

// Add takes one record, of which it keeps nothing: the caller may reuse it.
func (c *Collector) Add(r *record.Record) { c.group(groupName(c.opt.By, r)).add(r, &c.opt) }

func (c *Collector) group(name string) *group {
	if c.latest != nil && c.latest.name == name {
		return c.latest
	}
	g := c.groups[name]
	if g == nil {
		name = strings.Clone(name)
		g = newGroup(name, &c.opt)
		c.groups[name] = g
	}
	c.latest = g
	return g
}

// Merge adds what o gathered, as if its records had been added here. o stays as it is.
func (c *Collector) Merge(o *Collector) {
	for name, g := range o.groups {
		c.group(name).merge(g)
	}
}

// Summary gives the figures of the records so far, the earliest load point first. It changes nothing: adding may go on.
func (c *Collector) Summary() *Summary {
	s := &Summary{Format: Format, Percentiles: c.opt.Percentiles, Blocks: []Block{}}
	for _, g := range c.sorted() {
		s.Blocks = append(s.Blocks, g.block(&c.opt))
	}
	s.markBest()
	return s
}

func (c *Collector) sorted() []*group {
	groups := slices.Collect(maps.Values(c.groups))
	sortGroups(groups, c.opt.By)
	return groups
}
