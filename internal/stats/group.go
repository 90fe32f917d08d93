package stats

import (
	"math"
	"slices"
	"strings"

	"llmperf/internal/record"
)

// group gathers the records of one load point. Everything in it is a sum, an extreme or a set, so that groups merge and
// the order of records does not matter.
type group struct {
	run    string
	facts  [numFacts]set
	rate   float64
	slots  int
	dists  [len(metrics)]Dist
	client Client

	requests, ok, warmup, invalid int64
	input, output                 int64 // tokens of successes
	firstUs, lastUs               int64 // first due, last end; MaxInt64 and 0 where no record says
	errors                        map[string]ErrorCount
	finish                        map[string]int64
}

// What a block's records have in common, or else what they have.
const (
	factMode = iota
	factAPI
	factOp
	factModel
	factURL
	numFacts
)

// set is a set of strings.
type set map[string]bool

func (s *set) add(v string) {
	if v == "" || (*s)[v] {
		return
	}
	if *s == nil {
		*s = set{}
	}
	(*s)[strings.Clone(v)] = true
}

func (s set) sorted() []string {
	out := make([]string, 0, len(s))
	for v := range s {
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}

func newGroup(run string, opt *Options) *group {
	g := &group{run: run, firstUs: math.MaxInt64, errors: map[string]ErrorCount{}, finish: map[string]int64{}}
	for i := range g.dists {
		g.dists[i].limit = opt.ExactLimit
	}
	return g
}

func (g *group) add(r *record.Record, opt *Options) {
	if r.Phase == record.PhaseWarmup && !opt.Warmup {
		g.warmup++
		return
	}
	g.describe(r)
	g.requests++
	if r.OK {
		g.ok++
		g.input += int64(max(0, r.PromptTokens))
		g.output += int64(max(0, r.CompletionTokens))
		if r.FinishReason != "" {
			count(g.finish, r.FinishReason, 1)
		}
	} else {
		g.fail(r.Error)
	}
	if r.SentUs > 0 && r.LatencyMs >= 0 && r.LatencyMs*1000 < maxValue {
		g.firstUs = min(g.firstUs, due(r))
		g.lastUs = max(g.lastUs, r.EndUs())
	}
	g.client.Add(r.LagMs, r.ReadDelayMs, r.ClientCPU)
	valid := true
	for i := range metrics {
		valid = metrics[i].add(&g.dists[i], r) && valid
	}
	if !valid {
		g.invalid++
	}
}

// due is when r should have been sent; records of other makers may say only when it was.
func due(r *record.Record) int64 {
	if r.ScheduledUs > 0 {
		return r.ScheduledUs
	}
	return r.SentUs
}

func (g *group) describe(r *record.Record) {
	g.facts[factMode].add(r.Mode)
	g.facts[factAPI].add(r.API)
	g.facts[factOp].add(r.Op)
	g.facts[factModel].add(r.Model)
	g.facts[factURL].add(r.URL)
	g.rate = max(g.rate, r.Rate)
	g.slots = max(g.slots, r.Parallel)
}

// fail counts a failure by its kind. The example is the least message in order, so that it is the same for any order
// of the records.
func (g *group) fail(e *record.Error) {
	kind, message := "unknown", ""
	if e != nil {
		kind, message = e.Kind, e.Message
	}
	g.addErrors(ErrorCount{kind, 1, message})
}

func (g *group) addErrors(e ErrorCount) {
	have, found := g.errors[e.Kind]
	if !found {
		e.Kind, e.Example = strings.Clone(e.Kind), strings.Clone(e.Example)
		g.errors[e.Kind] = e
		return
	}
	have.Count += e.Count
	if e.Example < have.Example {
		have.Example = strings.Clone(e.Example)
	}
	g.errors[have.Kind] = have
}

func count(m map[string]int64, key string, n int64) {
	if _, found := m[key]; !found {
		key = strings.Clone(key)
	}
	m[key] += n
}

func (g *group) merge(o *group) {
	for i := range g.facts {
		for v := range o.facts[i] {
			g.facts[i].add(v)
		}
	}
	g.rate, g.slots = max(g.rate, o.rate), max(g.slots, o.slots)
	for i := range g.dists {
		g.dists[i].Merge(&o.dists[i])
	}
	g.client.Merge(&o.client)
	g.requests += o.requests
	g.ok += o.ok
	g.warmup += o.warmup
	g.invalid += o.invalid
	g.input += o.input
	g.output += o.output
	g.firstUs, g.lastUs = min(g.firstUs, o.firstUs), max(g.lastUs, o.lastUs)
	for _, e := range o.errors {
		g.addErrors(e)
	}
	for reason, n := range o.finish {
		count(g.finish, reason, n)
	}
}
