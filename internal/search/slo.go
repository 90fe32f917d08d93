package search

import (
	"fmt"
	"strings"

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
		if g.Figure == "goodput" || g.Figure == "goodput_per_s" {
			return nil, fault.Usage("'ttft_ms:p95<500' asks for as much of each time",
				"%s needs goodput's limits, which a search does not have", text)
		}
		s.gates = append(s.gates, g)
	}
	return s, nil
}

// Texts returns the objectives as they were parsed.
func (s *SLO) Texts() []string { return s.texts }

// String returns the conditions, separated by spaces.
func (s *SLO) String() string { return strings.Join(s.texts, " ") }

// trial judges one level by the records of all of its runs.
type trial struct {
	terms []term
	all   *stats.Collector // of all records, for the values of the gates
}

// newTrial returns a trial without records.
func (s *SLO) newTrial() *trial {
	t := &trial{all: stats.New(stats.Options{Gates: s.gates, By: []group.Key{}})}
	for _, g := range s.gates {
		t.terms = append(t.terms, newTerm(g))
	}
	return t
}

// term is one condition. An upper bound on a percentile, or a lower one on the share of successes, is a lower bound on
// a share of requests, for which there is an exact test.
type term struct {
	text  string
	share float64          // the least share of requests; 0: the condition is not on a share
	good  *stats.Collector // counts the requests within the limit; nil: count the successful ones
	mean  string           // the metric whose mean has an upper bound; "": none
	limit float64          // upper bound of the mean, in the unit of the metric
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
			m.share = g.P / 100
			m.good = stats.New(stats.Options{Goodput: []gate.Limit{limit}, By: []group.Key{}})
		}
	}
	return m
}

// needed returns the least number of requests with which a level can pass.
func (t *trial) needed() int {
	n := 1
	for _, m := range t.terms {
		n = max(n, needed(m.share))
	}
	return n
}

// add adds a measured record of the level.
func (t *trial) add(rec *record.Record) {
	t.all.Add(rec)
	for i := range t.terms {
		if g := t.terms[i].good; g != nil {
			g.Add(rec)
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
	for i, m := range t.terms {
		v := m.verdict(b, b.Gates[i])
		if worst == Pass && v != Pass || v == Fail {
			worst = v
		}
		parts[i] = fmt.Sprintf("%s: %.4g, %v", m.text, float64(b.Gates[i].Value), v)
	}
	return worst, strings.Join(parts, "; ")
}

// verdict judges one condition. g is the result of its gate.
func (m *term) verdict(b *stats.Block, g gate.Result) Verdict {
	switch metric := b.Metrics.Get(m.mean); {
	case m.good != nil:
		return share(m.good.Summary().Blocks[0].Goodput.Count, b.Requests, m.share, alpha)
	case m.share > 0:
		return share(b.OK, b.Requests, m.share, alpha)
	case m.mean != "" && metric != nil:
		return below(float64(metric.Mean), float64(metric.SD), metric.N, m.limit)
	case g.Pass: // a value without an interval is compared as it is
		return Pass
	}
	return Fail
}
