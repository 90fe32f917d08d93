package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"

	"golang.org/x/perf/benchmath"
	"gonum.org/v1/gonum/stat/distuv"

	"llmperf/internal/record"
)

// ComparisonFormat marks a comparison document and its version.
const ComparisonFormat = "llmperf-comparison/2"

// Comparison is two sides set against each other, load point by load point.
type Comparison struct {
	Format  string   `json:"format"`
	Changes []Change `json:"changes"`
	Notes   []string `json:"notes"` // how the sides are unlike in what was asked, and load points that one of them lacks
}

// Headlines returns the figures that are judged: success rate, throughput, and TTFT, TPOT and response time at the mean,
// p50, p90 and p99. The chance of any false alarm among those of all load points is 5 %.
func (c *Comparison) Headlines() []Change {
	return slices.DeleteFunc(slices.Clone(c.Changes), func(c Change) bool { return !c.Headline })
}

// The verdicts of a headline figure.
const (
	IsBetter     = "better"
	IsWorse      = "worse"
	NoDifference = "no difference"
	CannotTell   = "cannot tell"
)

// Change is one figure of one load point on two sides.
type Change struct {
	Block     string   `json:"block"`
	Simulated bool     `json:"simulated"` // on either side: no server was measured
	Figure    string   `json:"figure"`    // ttft_ms:p99, requests_per_s
	Headline  bool     `json:"headline"`  // is judged
	Verdict   string   `json:"verdict"`   // of a headline figure, one of the above; empty for others
	Why       string   `json:"why"`       // it cannot be told, or empty
	Need      int64    `json:"need"`      // requests a side that would do, about; 0 if more would not, or it can be told
	Old       Num      `json:"old"`
	New       Num      `json:"new"`
	Delta     Num      `json:"delta"` // new ÷ old − 1
	CI        Interval `json:"delta_ci"`
	P         Num      `json:"p"`      // of no difference
	Test      string   `json:"test"`   // what P comes from
	Shown     bool     `json:"shown"`  // a difference: P < 0.05
	Better    int      `json:"better"` // 1, −1 worse, 0 where neither is better
}

const (
	alpha     = 1 - confidence
	bootstrap = 4000 // resamples
)

// Compare sets the same figures of two sides against each other. Each side is one run or several of the same load; runs
// should have been collected with ExactLimit −1. Load points that one side lacks are left out.
//
// Of one run a side the requests are the sample: intervals and P of a percentile by bootstrap, P of a mean by the
// Mann–Whitney test, which asks whether either side's values tend to be greater. Of several runs a side the runs are
// the sample, since requests of one run share its luck: intervals by Student's t, P by Welch's test.
func Compare(base, next []*Collector) *Comparison {
	out := &Comparison{Format: ComparisonFormat, Changes: []Change{}, Notes: []string{}}
	blocks := map[string]bool{}
	for _, c := range base {
		for _, g := range c.sorted() {
			if name := g.title(&c.opt); !blocks[name] {
				blocks[name] = true
				out.Changes = append(out.Changes, compareBlock(name, pick(base, g.name), pick(next, g.name), &c.opt)...)
			}
		}
	}
	return out
}

// headlines are the figures that are judged.
func headlines() []string {
	out := []string{"success_rate", "requests_per_s", "output_tokens_per_s"}
	for _, key := range []string{"ttft_ms", "tpot_ms", "response_ms"} {
		for _, stat := range []string{"mean", "p50", "p90", "p99"} {
			out = append(out, key+":"+stat)
		}
	}
	return out
}

// judge sets the verdict of a headline figure.
func (c *Change) judge() {
	if c.Headline = slices.Contains(headlines(), c.Figure); !c.Headline {
		return
	}
	switch {
	case c.Test == "":
		c.Verdict, c.Why = CannotTell, "not tested"
	case !c.Shown:
		c.Verdict = NoDifference
	case c.Better > 0:
		c.Verdict = IsBetter
	default:
		c.Verdict = IsWorse
	}
}

// title is a group's name for people.
func (g *group) title(opt *Options) string {
	return strings.ReplaceAll(g.name, "\x00", ", ")
}

// pick returns the groups of that name: several of a Collector with records of several runs.
func pick(side []*Collector, name string) []*group {
	var out []*group
	for _, c := range side {
		for _, g := range c.sorted() {
			if g.name == name {
				out = append(out, g)
			}
		}
	}
	return out
}

func compareBlock(name string, old, next []*group, opt *Options) []Change {
	if len(old) == 0 || len(next) == 0 {
		return nil
	}
	var out []Change
	simulated := slices.ContainsFunc(append(old[:len(old):len(old)], next...), func(g *group) bool { return g.facts[factAPI][record.SimAPI] })
	add := func(figure string, a, b figures, better int) {
		if c, ok := change(a, b); ok {
			c.Block, c.Simulated, c.Figure = name, simulated, figure
			if c.Shown {
				c.Better = better * int(math.Copysign(1, float64(c.Delta)))
			}
			c.judge()
			out = append(out, c)
		}
	}
	rates := map[string]func(*Block) Num{"requests_per_s": blockFigures()["requests_per_s"], "output_tokens_per_s": blockFigures()["output_tokens_per_s"]}
	for _, key := range []string{"requests_per_s", "output_tokens_per_s"} {
		add(key, scalars(old, opt, rates[key]), scalars(next, opt, rates[key]), 1)
	}
	add("success_rate", successes(old), successes(next), 1)
	for i, m := range metrics {
		better := -1
		if m.unit == 1 || m.key == "lag_ms" {
			better = 0 // counts of tokens and turns; the load generator's own lateness
		} else if m.key == "user_tokens_per_s" {
			better = 1
		}
		independent := m.key != "itl_ms" // the gaps of one answer are not, so one run shows nothing of their luck
		add(m.key+":mean", means(old, i, opt, independent), means(next, i, opt, independent), better)
		for _, p := range opt.Percentiles {
			add(m.key+":"+PercentileName(p), percentiles(old, i, p, opt, independent), percentiles(next, i, p, opt, independent), better)
		}
	}
	return out
}

// figures is what one side knows of a figure.
type figures struct {
	runs   []float64                  // the figure of each run
	sample []float64                  // of one run, the values for Mann–Whitney
	draw   func(r *rand.Rand) float64 // of one run, the figure of a resample; nil where there is none
}

func scalars(side []*group, opt *Options, of func(*Block) Num) figures {
	var f figures
	for _, g := range side {
		b := Block{}
		g.throughput(&b, opt)
		f.runs = append(f.runs, float64(of(&b)))
	}
	return f
}

// successes is the share of requests that succeeded; of one run each request is a one or a zero.
func successes(side []*group) figures {
	var f figures
	for _, g := range side {
		f.runs = append(f.runs, float64(ratio(g.ok, g.requests)))
	}
	if g := side[0]; len(side) == 1 && g.requests > 0 {
		f.sample = make([]float64, g.requests)
		for i := range g.ok {
			f.sample[i] = 1
		}
		n := float64(g.requests)
		f.draw = func(r *rand.Rand) float64 { return distuv.Binomial{N: n, P: f.runs[0], Src: r}.Rand() / n }
	}
	return f
}

// values gives the sorted values of distribution i of one run.
func (g *group) values(i int, opt *Options) []float64 {
	d := g.dist(i)
	if opt.DropFailures {
		d.inf = 0
	}
	if d.sketch != nil {
		d = d.expand()
	}
	return d.floats(metrics[i].unit)
}

// expand lists a sketch's values.
func (d *Dist) expand() *Dist {
	out := &Dist{limit: -1, inf: d.inf}
	for v, n := range d.values() {
		out.AddN(v, n)
	}
	return out
}

func means(side []*group, i int, opt *Options, independent bool) figures {
	var f figures
	for _, g := range side {
		v := g.values(i, opt)
		if len(v) == 0 {
			continue
		}
		sum, square := 0.0, 0.0
		for _, x := range v {
			sum += x
			square += x * x
		}
		n := float64(len(v))
		mean := sum / n
		f.runs = append(f.runs, mean)
		if independent {
			// The mean of a resample is normal but for the smallest samples.
			se := math.Sqrt(max(0, square/n-mean*mean) / n)
			f.sample, f.draw = v, func(r *rand.Rand) float64 { return mean + se*r.NormFloat64() }
		}
	}
	return f
}

func percentiles(side []*group, i int, p float64, opt *Options, independent bool) figures {
	var f figures
	for _, g := range side {
		v := g.values(i, opt)
		if len(v) == 0 {
			continue
		}
		n := int64(len(v))
		k := rank(n, p)
		f.runs = append(f.runs, v[k-1])
		// The bootstrap knows nothing of what lies beyond the values: too few of them show nothing of this percentile.
		if low, high := rankInterval(n, p); independent && low >= 1 && high <= n {
			// The k-th of n values drawn anew from v is v at the k-th of n uniform numbers, which is a beta variable: the
			// bootstrap without resampling.
			f.draw = func(r *rand.Rand) float64 {
				u := distuv.Beta{Alpha: float64(k), Beta: float64(n - k + 1), Src: r}.Rand()
				return v[min(n-1, int64(u*float64(n)))]
			}
		}
	}
	return f
}

// change compares two sides; ok is false where one has nothing.
func change(a, b figures) (c Change, ok bool) {
	if len(a.runs) == 0 || len(b.runs) == 0 {
		return c, false
	}
	c = Change{Old: Num(average(a.runs)), New: Num(average(b.runs)), CI: Interval{nan(), nan()}, P: nan()}
	c.Delta = Num(relative(float64(c.Old), float64(c.New)))
	if math.IsNaN(float64(c.Old)) || math.IsNaN(float64(c.New)) {
		return c, false
	}
	switch {
	case len(a.runs) > 1 && len(b.runs) > 1:
		c.Test = "Welch"
		c.CI, _ = resample(a.ofRuns(), b.ofRuns())
		c.P = p(benchmath.AssumeNormal, a.runs, b.runs)
	case len(a.runs) > 1 || len(b.runs) > 1 || a.draw == nil || b.draw == nil:
	case a.sample != nil:
		c.Test = "Mann-Whitney"
		c.CI, _ = resample(a.draw, b.draw)
		c.P = p(benchmath.AssumeNothing, a.sample, b.sample)
	default:
		c.Test = "bootstrap"
		c.CI, c.P = resample(a.draw, b.draw)
	}
	c.Shown = c.P < alpha && c.Delta != 0
	return c, true
}

func average(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// relative is new ÷ old − 1. Two failures differ by nothing.
func relative(old, new float64) float64 {
	if old == new {
		return 0
	}
	return new/old - 1
}

// p is the probability of samples that differ as much, if there is no difference.
func p(assume benchmath.Assumption, a, b []float64) Num {
	sample := func(v []float64) *benchmath.Sample {
		t := benchmath.DefaultThresholds
		return benchmath.NewSample(slices.Clone(v), &t)
	}
	if slices.Min(a) == slices.Max(a) && slices.Min(b) == slices.Max(b) && a[0] == b[0] {
		return 1 // the tests have no answer to values that are all the same
	}
	return Num(assume.Compare(sample(a), sample(b)).P)
}

// ofRuns draws the mean of runs from Student's t about it.
func (f *figures) ofRuns() func(r *rand.Rand) float64 {
	n := float64(len(f.runs))
	mean, square := average(f.runs), 0.0
	for _, x := range f.runs {
		square += (x - mean) * (x - mean)
	}
	se := math.Sqrt(square / (n - 1) / n)
	return func(r *rand.Rand) float64 {
		return distuv.StudentsT{Mu: mean, Sigma: max(se, math.SmallestNonzeroFloat64), Nu: n - 1, Src: r}.Rand()
	}
}

// resample gives the interval of the relative difference of two drawn figures, and how probable none is: twice the
// share of draws on the side of zero where fewer are.
func resample(a, b func(*rand.Rand) float64) (Interval, Num) {
	r := rand.New(rand.NewPCG(1, 2)) // the same records give the same figures
	draws := make([]float64, bootstrap)
	less, more := 0, 0
	for i := range draws {
		d := relative(a(r), b(r))
		draws[i] = d
		if d <= 0 {
			less++
		}
		if d >= 0 {
			more++
		}
	}
	sort.Float64s(draws)
	tail := int(alpha / 2 * bootstrap)
	// One more than was seen, so that no number of draws shows that something is impossible.
	share := float64(min(less, more)+1) / (bootstrap + 1)
	return Interval{Num(draws[tail]), Num(draws[bootstrap-1-tail])}, Num(min(1, 2*share))
}
