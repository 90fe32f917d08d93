package search

import (
	"fmt"
	"strconv"
	"strings"

	"perfpipe/internal/fault"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// SLO is a list of conditions that a level of load meets or misses, such as ttft_ms:p99<500 and ok>=0.99.
type SLO struct {
	texts []string
	gates []stats.Gate
}

// ParseSLO reads conditions as stats.ParseGate does. It rejects goodput, which is itself a condition on each request.
func ParseSLO(texts []string) (*SLO, error) {
	s := &SLO{texts: texts}
	for _, text := range texts {
		gate, err := stats.ParseGate(text)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(text, "goodput") {
			return nil, fault.Usage("'ttft_ms:p95<500' asks for as much of each time",
				"%s needs goodput's limits, which a search does not have", text)
		}
		s.gates = append(s.gates, gate)
	}
	return s, nil
}

// String returns the conditions, separated by spaces.
func (s *SLO) String() string { return strings.Join(s.texts, " ") }

// trial judges one level of load by the records of all its runs.
type trial struct {
	terms []term
	all   *stats.Collector // for the values of the gates
}

// newTrial returns a trial without records.
func (s *SLO) newTrial() *trial {
	t := &trial{all: stats.New(stats.Options{Gates: s.gates, By: []stats.Key{}})}
	for _, text := range s.texts {
		t.terms = append(t.terms, newTerm(text))
	}
	return t
}

// term is one condition. A limit on a percentile of a time or on the share of successes is a limit on a share of
// requests, which has an exact interval.
type term struct {
	text  string
	share float64          // the least share of requests; 0: the condition is about no share
	good  *stats.Collector // counts the requests within the time; nil: the successful ones count
	mean  string           // the metric whose mean is bounded from above; "": none
	limit float64          // of that mean
}

// newTerm reads a condition that stats.ParseGate has accepted.
func newTerm(text string) term {
	m := term{text: text}
	i := strings.IndexAny(text, "<>")
	name, op := strings.TrimSpace(text[:i]), strings.TrimSpace(text[i:])
	number, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimLeft(op, "<>=")), 64)
	key, stat, _ := strings.Cut(name, ":")
	less := op[0] == '<'
	switch {
	case name == "ok" && !less:
		m.share = number
	case less && stat == "mean":
		m.mean, m.limit = key, number
	case less && strings.HasPrefix(stat, "p") && timed(key):
		p, err1 := strconv.ParseFloat(stat[1:], 64)
		limit, err2 := stats.ParseLimit(key + op)
		if err1 == nil && err2 == nil && p < 100 {
			m.share = p / 100
			m.good = stats.New(stats.Options{Goodput: []stats.Limit{limit}, By: []stats.Key{}})
		}
	}
	return m
}

// timed reports whether a metric is a time that each request has once, so that a failed request misses every limit.
func timed(metric string) bool {
	switch metric {
	case "ttft_ms", "tpot_ms", "latency_ms", "response_ms":
		return true
	}
	return false
}

// needed returns the least number of requests by which a level can pass.
func (t *trial) needed() int {
	n := 1
	for _, m := range t.terms {
		n = max(n, needed(m.share))
	}
	return n
}

// add takes a measured record of the level.
func (t *trial) add(rec *record.Record) {
	t.all.Add(rec)
	for i := range t.terms {
		if g := t.terms[i].good; g != nil {
			g.Add(rec)
		}
	}
}

// verdict judges the level and returns the values that it judged by.
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

func (m *term) verdict(b *stats.Block, g stats.GateResult) Verdict {
	switch metric := b.Metrics.Get(m.mean); {
	case m.good != nil:
		return share(m.good.Summary().Blocks[0].Goodput.Count, b.Requests, m.share, alpha)
	case m.share > 0:
		return share(b.OK, b.Requests, m.share, alpha)
	case m.mean != "" && metric != nil:
		return below(float64(metric.Mean), float64(metric.SD), metric.N, m.limit)
	case g.Pass: // a value without an interval counts as it is
		return Pass
	}
	return Fail
}
