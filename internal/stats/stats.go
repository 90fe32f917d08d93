// Package stats computes statistics from records, one record per request of a load test.
//
// A load point is one level of load in one run, such as 20 requests/s. A Collector takes records in any order and
// computes a Summary with one Block of figures per load point. A Stream reads record lines on several cores into
// Collectors. A Course is the time series of a run, for charts.
//
// Collectors merge. A Collector can also store its state in a Summary, so that summaries merge without their records.
//
// The package exports more than 20 names because a Summary has a type for each part of its JSON, and because the
// verdict on the load generator and the Course share the timeline.
package stats

import (
	"cmp"
	"maps"
	"slices"

	"perfpipe/internal/fault"
	"perfpipe/internal/gate"
	"perfpipe/internal/group"
	"perfpipe/internal/record"
	"perfpipe/internal/spend"
)

// Options configure a Collector.
type Options struct {
	By           []group.Key  // keys that group records into blocks; nil groups by load point
	Percentiles  []float64    // percentiles to report, 0 to 100; nil means DefaultPercentiles
	Warmup       bool         // include warm-up records
	DropFailures bool         // exclude failures from response time, where they otherwise count as +∞
	Goodput      []gate.Limit // limits that a request must meet to count as good
	Gates        []gate.Gate  // conditions that each block is judged by
	Why          string       // the metric whose slow tail is to be explained; "": none
	GPUs         int          // number of GPUs of the server; 0 if unknown
	Prices       spend.Prices // what tokens and hours cost; zero if unknown
	Intervals    bool         // compute confidence intervals, which takes the values of every request
	ExactLimit   int          // values per distribution that are kept exactly; 0 means the default, negative means all

	// ExcludePauses leaves out the requests that a pause of perf-send overlaps, and the pauses from all durations.
	ExcludePauses bool

	Hint func(reason string) string // returns what the command adds to a note; may be nil
}

// hint returns what the command adds to a note for a reason, or "".
func (opt *Options) hint(reason string) string {
	if opt.Hint == nil {
		return ""
	}
	return opt.Hint(reason)
}

// DefaultPercentiles returns the percentiles that are reported by default.
func DefaultPercentiles() []float64 { return []float64{50, 90, 95, 99} }

// CheckPercentiles returns a list of percentiles without duplicates. An invalid one is a *fault.Error about the setting
// percentiles.
func CheckPercentiles(list []float64) ([]float64, error) {
	var out []float64
	for _, p := range list {
		if !(p > 0 && p <= 100) {
			return nil, fault.Invalid("percentiles", "", "%v is not above 0 and at most 100", p)
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out, nil
}

// Collector accumulates records into one block per load point of each run. It is not safe for concurrent use: use one
// per goroutine and Merge them.
type Collector struct {
	opt    Options
	file   string // the file that records come from
	groups map[group.ID]*accumulator
	latest *accumulator // caches the group of the last record
}

// New returns an empty Collector.
func New(opt Options) *Collector {
	if opt.Percentiles == nil {
		opt.Percentiles = DefaultPercentiles()
	}
	if opt.By == nil {
		opt.By = []group.Key{group.Run()}
	}
	return &Collector{opt: opt, groups: map[group.ID]*accumulator{}}
}

// Add adds one record. It does not retain the record, so the caller may reuse it.
func (c *Collector) Add(r *record.Record) {
	c.group(group.IDOf(c.opt.By, r, c.file)).add(r, c.file, &c.opt)
}

// From sets the name of the file that the following records come from.
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

// Merge adds the records of o to c. It does not modify o.
func (c *Collector) Merge(o *Collector) {
	for k, g := range o.groups {
		c.group(k).merge(g)
	}
}

// At returns a Collector that reports other percentiles of the same records. It shares its data with c.
func (c *Collector) At(percentiles []float64) *Collector {
	out := *c
	out.opt.Percentiles = percentiles
	return &out
}

// Summary returns the figures of the records added so far, earliest load point first. It does not modify c: more
// records can be added afterwards.
func (c *Collector) Summary() *Summary {
	s := &Summary{Format: format, Percentiles: c.opt.Percentiles, Blocks: []Block{}}
	groups := c.sorted()
	for i, g := range groups {
		b := g.block(&c.opt)
		b.Group = append(b.Group, apart(groups, i)...)
		s.Blocks = append(s.Blocks, b)
	}
	s.markBest()
	s.dropHourly()
	return s
}

func (c *Collector) sorted() []*accumulator {
	groups := c.joined(slices.Collect(maps.Values(c.groups)))
	sortGroups(groups, c.opt.By)
	return groups
}

// sortGroups sorts load points by start time, which is the order in which a sweep ran them. Groups by other keys are
// sorted by name.
func sortGroups(groups []*accumulator, by []group.Key) {
	byTime := group.ByRun(by)
	slices.SortFunc(groups, func(a, b *accumulator) int {
		if byTime {
			return cmp.Or(cmp.Compare(a.flights.firstUs, b.flights.firstUs), a.ID.Compare(b.ID))
		}
		return a.Name.Compare(b.Name)
	})
}
