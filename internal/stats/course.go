package stats

import (
	"maps"
	"math"
	"slices"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// Course is the time series of a run. It takes all records in any order, including those of the warm-up. Its bins are
// those of the timeline from which throughput and the steady state are computed.
type Course struct {
	time    timeline
	level   int               // time.level that the keys of details refer to
	details map[int64]*detail // by instant ÷ bin width
}

// detail holds the data of a bin that the timeline does not have.
type detail struct {
	failed map[string]int64      // failures by kind
	maxLag float64               // ms; NaN if no lag is known
	times  [numTimes]dist.Levels // ms
}

// The durations of which a Course has a time series, as indexes of CourseBin.Times.
const (
	TimeTTFT = iota
	TimeTPOT
	TimeLatency
	numTimes
)

// CourseBin is one interval of a Course.
type CourseBin struct {
	Due      int64                 // requests due
	OK       int64                 // successful requests ended
	Output   int64                 // output tokens arrived
	InFlight float64               // requests in flight, averaged over time
	Failed   map[string]int64      // failed requests ended, by kind
	MaxLag   float64               // the greatest lag of the requests sent, ms; NaN if none is known
	Times    [numTimes]dist.Levels // durations of the successful requests sent, ms
}

// Add adds one record. It does not retain the record.
func (c *Course) Add(r *record.Record) {
	o := metric.Observe(r)
	if timed, _ := metric.Timed(r); !timed || !c.time.add(&o) {
		return
	}
	d := c.detail(r.SentUs)
	if lag, known := r.Lag(); known {
		d.maxLag = greater(d.maxLag, lag)
	}
	if !r.OK {
		d = c.detail(r.EndUs())
		if d.failed == nil {
			d.failed = map[string]int64{}
		}
		d.failed[errorKind(r)]++
		return
	}
	d.times[TimeLatency].Add(r.LatencyMs, 1)
	if r.Streamed() {
		d.times[TimeTTFT].Add(r.TTFTMs, 1)
		if o.HasTPOT {
			d.times[TimeTPOT].Add(o.TPOTMs, 1)
		}
	}
}

// detail returns the detail of the bin at an instant. The pointer is valid until the bins become wider.
func (c *Course) detail(us int64) *detail {
	c.match()
	i := us / c.time.width()
	d := c.details[i]
	if d == nil {
		if c.details == nil {
			c.details = map[int64]*detail{}
		}
		d = &detail{maxLag: math.NaN()}
		c.details[i] = d
	}
	return d
}

// match joins details until they are as wide as the timeline's bins.
func (c *Course) match() {
	if len(c.details) == 0 {
		c.level = c.time.level
	}
	for ; c.level < c.time.level; c.level++ {
		joined := map[int64]*detail{}
		for i, d := range c.details {
			if have := joined[i/2]; have != nil {
				have.join(d)
			} else {
				joined[i/2] = d
			}
		}
		c.details = joined
	}
}

// greater returns the greater of two numbers, or the one that is not NaN.
func greater(a, b float64) float64 {
	if math.IsNaN(a) || b > a {
		return b
	}
	return a
}

func (d *detail) join(o *detail) {
	d.maxLag = greater(d.maxLag, o.maxLag)
	d.failed = joinCounts(d.failed, o.failed)
	for i := range d.times {
		d.times[i].Merge(&o.times[i])
	}
}

func joinCounts(to, from map[string]int64) map[string]int64 {
	if to == nil && len(from) > 0 {
		to = map[string]int64{}
	}
	for k, n := range from {
		to[k] += n
	}
	return to
}

// Merge adds the records of o to c. It must not be used afterwards.
func (c *Course) Merge(o *Course) {
	c.time.merge(&o.time)
	o.time.level = c.time.level
	c.match()
	o.match()
	if c.details == nil {
		c.details = o.details
		return
	}
	for i, d := range o.details {
		if have := c.details[i]; have != nil {
			have.join(d)
		} else {
			c.details[i] = d
		}
	}
}

// Bins divides the course into at most limit intervals of equal width. The first one begins at fromUs.
func (c *Course) Bins(limit int) (bins []CourseBin, fromUs, widthUs int64) {
	all := c.time.stretches()
	if len(all) == 0 {
		return nil, 0, 0
	}
	c.match()
	base := c.time.width()
	first, last := all[0].first, all[len(all)-1].first+all[len(all)-1].n
	per := (last - first + int64(limit) - 1) / int64(limit) // timeline bins per interval
	bins = make([]CourseBin, (last-first+per-1)/per)
	for i := range bins {
		bins[i].MaxLag = math.NaN()
	}
	for _, s := range all {
		at := s.first - first
		b := &bins[at/per]
		b.Due, b.OK, b.Output = b.Due+s.dues, b.OK+s.ok, b.Output+s.output
		flying := float64(s.busy) / float64(s.n*base)
		for i := at / per; i*per < at+s.n; i++ {
			bins[i].InFlight += flying * float64(min(at+s.n, (i+1)*per)-max(at, i*per)) / float64(per)
		}
	}
	for _, i := range slices.Sorted(maps.Keys(c.details)) {
		b, d := &bins[(i-first)/per], c.details[i]
		b.MaxLag = greater(b.MaxLag, d.maxLag)
		b.Failed = joinCounts(b.Failed, d.failed)
		for k := range d.times {
			b.Times[k].Merge(&d.times[k])
		}
	}
	return bins, first * base, per * base
}

// ErrorKinds returns the kinds of error that a Course counts. The last one, "other", stands for all other kinds.
func ErrorKinds() []string {
	return []string{
		record.KindConnect, record.KindConnectTimeout, record.KindReadTimeout, record.KindTotalTimeout, record.KindTLS,
		record.KindHTTP, record.KindAPI, record.KindProtocol, record.KindTruncated, record.KindEmpty,
		record.KindCanceled, record.KindRequest, "other",
	}
}

func errorKind(r *record.Record) string {
	kinds := ErrorKinds()
	if r.Error != nil {
		if i := slices.Index(kinds, r.Error.Kind); i >= 0 {
			return kinds[i]
		}
	}
	return kinds[len(kinds)-1]
}
