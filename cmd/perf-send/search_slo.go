package main

import (
	"fmt"
	"strconv"
	"strings"

	"perfpipe/internal/fault"
	"perfpipe/internal/record"
	"perfpipe/internal/search"
	"perfpipe/internal/stats"
)

// trial judges one level by the records of all its runs.
type trial struct {
	terms []term
	all   *stats.Collector // for the gates' own figures
}

// term is one condition of --slo. A condition on a percentile of a time, or on the share of successes, is a condition on
// a share of requests, which has an exact interval.
type term struct {
	text  string
	gate  stats.Gate
	share float64          // that must be reached; 0: the condition is on no share
	good  *stats.Collector // counts the requests within the time; nil: those that are ok
	mean  string           // the metric whose mean is bounded from above; "": none
	limit float64
}

func newTrial(slo []string) (*trial, error) {
	t := new(trial)
	var gates []stats.Gate
	for _, text := range slo {
		gate, err := stats.ParseGate(text)
		if err != nil {
			return nil, fault.Usage("", "--slo: %w", err)
		}
		if strings.HasPrefix(text, "goodput") {
			return nil, fault.Usage("'ttft_ms:p95<500' asks for as much of each time", "--slo: %s needs goodput's limits, which a search does not have", text)
		}
		gates = append(gates, gate)
		t.terms = append(t.terms, newTerm(text, gate))
	}
	t.all = stats.New(stats.Options{Gates: gates, By: []stats.Key{}})
	return t, nil
}

func newTerm(text string, gate stats.Gate) term {
	m := term{text: text, gate: gate}
	i := strings.IndexAny(text, "<>") // ParseGate has found one
	name, op := strings.TrimSpace(text[:i]), strings.TrimSpace(text[i:])
	number, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimLeft(op, "<>=")), 64)
	key, stat, _ := strings.Cut(name, ":")
	less := op[0] == '<'
	switch {
	case name == "ok" && !less:
		m.share = number
	case less && stat == "mean":
		m.mean, m.limit = key, number
	case less && strings.HasPrefix(stat, "p") && (key == "ttft_ms" || key == "tpot_ms" || key == "latency_ms" || key == "response_ms"):
		p, err1 := strconv.ParseFloat(stat[1:], 64)
		limit, err2 := stats.ParseLimit(key + op)
		if err1 == nil && err2 == nil && p < 100 {
			m.share = p / 100
			m.good = stats.New(stats.Options{Goodput: []stats.Limit{limit}, By: []stats.Key{}})
		}
	}
	return m
}

// needed is the number of requests without which no level could pass.
func (t *trial) needed() int {
	n := 1
	for _, m := range t.terms {
		n = max(n, search.Needed(m.share))
	}
	return n
}

func (t *trial) add(rec *record.Record) {
	t.all.Add(rec)
	for i := range t.terms {
		if g := t.terms[i].good; g != nil {
			g.Add(rec)
		}
	}
}

// verdict judges the level, and says by which figures.
func (t *trial) verdict() (search.Verdict, string) {
	s := t.all.Summary()
	if len(s.Blocks) == 0 {
		return search.Fail, "no requests"
	}
	b := &s.Blocks[0]
	worst, parts := search.Pass, make([]string, len(t.terms))
	for i, m := range t.terms {
		v := m.verdict(b, b.Gates[i])
		if worst == search.Pass && v != search.Pass || v == search.Fail {
			worst = v
		}
		parts[i] = fmt.Sprintf("%s: %.4g, %v", m.text, float64(b.Gates[i].Value), v)
	}
	return worst, strings.Join(parts, "; ")
}

func (m *term) verdict(b *stats.Block, g stats.GateResult) search.Verdict {
	switch metric := b.Metrics.Get(m.mean); {
	case m.good != nil:
		return search.Share(m.good.Summary().Blocks[0].Goodput.Count, b.Requests, m.share, search.Alpha)
	case m.share > 0:
		return search.Share(b.OK, b.Requests, m.share, search.Alpha)
	case m.mean != "" && metric != nil:
		return search.Below(float64(metric.Mean), float64(metric.SD), metric.N, m.limit)
	case g.Pass: // a figure without an interval is taken as it is
		return search.Pass
	}
	return search.Fail
}
