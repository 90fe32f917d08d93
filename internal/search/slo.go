package search

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"perfpipe/internal/confidence"
	"perfpipe/internal/fault"
	"perfpipe/internal/gate"
	"perfpipe/internal/group"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// SLO is a list of conditions that a level of load meets or misses, such as ttft_ms:p99<500 and ok>=0.99.
type SLO struct {
	texts []string
	gates []gate.Gate
}

// ParseSLO parses conditions with gate.Parse. It rejects goodput, whose limits on each request a search does not have.
func ParseSLO(texts []string) (*SLO, error) {
	s := &SLO{texts: texts}
	for _, text := range texts {
		g, err := gate.Parse(text)
		if err != nil {
			return nil, err
		}
		if g.OnGoodput() {
			return nil, fault.Usage("gates on metrics, such as 'ttft_ms:p95<500', are possible",
				"%s needs goodput's limits, which a search does not have", text)
		}
		s.gates = append(s.gates, g)
	}
	return s, nil
}

// Needed returns the least number of requests with which a level can pass, and the condition that needs them.
func (s *SLO) Needed() (requests int, condition string) {
	for _, g := range s.gates {
		if n := needed(newTerm(g).share); n > requests {
			requests, condition = n, g.Text
		}
	}
	return requests, condition
}

// Texts returns the objectives as they were parsed.
func (s *SLO) Texts() []string { return s.texts }

// String returns the conditions, separated by spaces.
func (s *SLO) String() string { return strings.Join(s.texts, " ") }

// trial judges one level by the records of all of its runs.
type trial struct {
	terms []term
	all   *stats.Collector // of all records, for the values of the gates
	last  Verdict          // of its runs so far
}

// newTrial returns a trial without records.
func (s *SLO) newTrial() *trial {
	t, means := new(trial), false
	for _, g := range s.gates {
		m := newTerm(g)
		t.terms = append(t.terms, m)
		means = means || m.mean != ""
	}
	t.all = stats.New(stats.Options{Gates: s.gates, By: []group.Key{}, Intervals: means})
	return t
}

// term is one condition. An upper bound on a percentile, or a lower one on the share of successes, is a lower bound on
// a share of requests.
type term struct {
	text   string
	share  float64      // the least share of requests; 0: the condition is not on a share
	within []gate.Limit // of a request that counts towards the share, besides its success
	seen   []outcome
	mean   string  // the metric whose mean has an upper bound; "": none
	limit  float64 // upper bound of the mean, in the unit of the metric

	missing int // requests for which the verdict probably waits
}

// outcome is a request, for a condition on a share.
type outcome struct {
	dueUs int64
	value float32 // on which the limit is
	good  bool
}

// newTerm returns the term of a gate.
func newTerm(g gate.Gate) term {
	m := term{text: g.Text}
	i := metric.Index(g.Metric)
	switch {
	case g.Figure == "ok" && !g.Upper():
		m.share = g.Bound
	case g.Upper() && g.Stat == "mean":
		m.mean, m.limit = g.Metric, g.Bound
	case g.Upper() && g.P > 0 && g.P < 100 && i >= 0 && metric.All()[i].Failing:
		// Each request has one value of such a metric, and a failed request misses every limit.
		if limit, ok := g.Limit(); ok {
			m.share, m.within = g.P/100, []gate.Limit{limit}
		}
	}
	return m
}

// missing returns the number of requests that a level probably lacks to be decided, 0 if it is not known.
func (t *trial) missing() int {
	n := 0
	for _, m := range t.terms {
		n = max(n, m.missing)
	}
	return n
}

// add adds a measured record of the level.
func (t *trial) add(rec *record.Record) {
	t.all.Add(rec)
	for i := range t.terms {
		if m := &t.terms[i]; m.share > 0 {
			o := outcome{dueUs: rec.ScheduledUs, good: gate.Good(rec, m.within)}
			for _, l := range m.within {
				o.value = float32(l.Value(rec))
			}
			m.seen = append(m.seen, o)
		}
	}
}

// bottleneck returns the reason if the load generator was the bottleneck at the level, or "".
func (t *trial) bottleneck() string {
	for _, b := range t.all.Summary().Blocks {
		if b.Client.Level == stats.Bottleneck {
			return b.Client.Reason
		}
	}
	return ""
}

// verdict judges the level. It also returns the values on which the verdict is based, for a message.
func (t *trial) verdict() (v Verdict, values string) {
	s := t.all.Summary()
	if len(s.Blocks) == 0 {
		return Fail, "no requests"
	}
	b := &s.Blocks[0]
	worst, parts := Pass, make([]string, len(t.terms))
	for i := range t.terms {
		m := &t.terms[i]
		v := m.verdict(t, b, b.Gates[i])
		if worst == Pass && v != Pass || v == Fail {
			worst = v
		}
		parts[i] = fmt.Sprintf("%s: %.4g", m.text, float64(b.Gates[i].Value))
		if len(t.terms) > 1 { // otherwise it is that of the level
			parts[i] += fmt.Sprintf(", %v", v)
		}
	}
	return worst, strings.Join(parts, "; ")
}

// verdict judges one condition. g is the result of its gate.
func (m *term) verdict(t *trial, b *stats.Block, g gate.Result) Verdict {
	switch {
	case m.share > 0:
		return m.judgeShare()
	case m.mean != "":
		if metric := b.Metrics.Get(m.mean); metric != nil {
			v := below(float64(metric.Mean), float64(metric.SD), metric.N, m.limit)
			mean := t.all.LoadPoints()[0].Estimates(false)[m.mean+":mean"]
			return confirm(v, mean, func(_, high float64) bool { return high < m.limit })
		}
	}
	if g.Pass { // a value without an interval is compared as it is
		return Pass
	}
	return Fail
}

// most is the number of requests above which an estimate of those needed is of no use.
const most = 1e8

// judgeShare judges a condition on a share.
func (m *term) judgeShare() Verdict {
	slices.SortStableFunc(m.seen, func(a, b outcome) int { return cmp.Compare(a.dueUs, b.dueUs) })
	good, values := make([]bool, len(m.seen)), make([]float32, len(m.seen))
	k, n := int64(0), len(m.seen)
	for i, o := range m.seen {
		if good[i], values[i] = o.good, o.value; o.good {
			k++
		}
	}
	e, size := confidence.OfShareWithin(good, values)
	m.missing = 0
	if need := decisive(e.Value, m.share) * float64(n) / size; need < most {
		m.missing = int(need) - n
	}
	v := share(k, int64(n), m.share, alpha)
	if k == int64(n) && m.share >= 1 { // no number of requests confirms it
		return v
	}
	return confirm(v, e, func(low, _ float64) bool { return low >= m.share })
}
