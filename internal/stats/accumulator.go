package stats

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"perfpipe/internal/dist"
	"perfpipe/internal/gate"
	"perfpipe/internal/group"
	"perfpipe/internal/ledger"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
	"perfpipe/internal/why"
)

// accumulator accumulates the records of one group, which is usually a load point. All its fields are sums, extremes or
// sets, so that accumulators merge and the order of records does not matter.
type accumulator struct {
	group.ID
	limit    int              // exact values per distribution
	facts    [numFacts]set    // distinct values of each fact
	latest   [numFacts]string // the facts of the last record
	rate     float64          // requests/s, the greatest
	slots    int              // concurrent requests, or sessions, the greatest
	part     bool             // the group may be a part of a load point, such as the requests of a label
	asked    int              // requests or conversations to measure at the load point; 0 if unknown
	dists    []dist.Dist      // in the order of metric.All
	client   Client
	flights  flights
	sessions sessions
	depths   depths
	ids      ids
	leftOut  paused             // requests that are in no other figure
	series   series             // empty unless intervals are computed
	runHash  uint64             // hash of the last record's run ID and load point
	observed metric.Observation // of the last record; here, it is not allocated for each

	requests, warmup, invalid int64 // records
	done                      Totals
	cached                    int64  // tokens of successes
	chunks, chunkTokens       int64  // chunks of streamed successes and their tokens, without the first chunk
	untimed                   Totals // the part of done by records that are not metric.Timed; it is in no rate
	skipped                   int64  // requests that were not sent, since one before them failed
	alone                     int64  // requests outside of a session
	saidCached                int64  // successes that report the number of cached tokens
	noTokenTimes              int64  // successes that miss goodput since the time between their tokens is unknown
	missing                   missing
	prompts                   Prompts
	errors                    map[string]ErrorCount
	ledger                    ledger.Ledger
	why                       *why.Table // nil unless it is asked for
	finish                    map[string]*int64
	finishes                  *int64 // those of lastFinish
	lastFinish                string
}

// Facts describe the load and its origin. The records of a block usually share them.
const (
	factRun = iota
	factMode
	factAPI
	factOp
	factModel
	factURL
	factShard
	factRunID // of its first part, if it was continued
	factFile
	numFacts
)

// factNames returns the names of the facts in states.
func factNames() [numFacts]string {
	return [numFacts]string{
		factRun: "run", factMode: "mode", factAPI: "api", factOp: "op", factModel: "model", factURL: "url",
		factShard: "shard", factRunID: "run_id", factFile: "file",
	}
}

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

func newAccumulator(k group.ID, opt *Options) *accumulator {
	g := &accumulator{
		ID: k, limit: opt.ExactLimit,
		part:   slices.ContainsFunc(opt.By, func(k group.Key) bool { return !k.OfLoadPoint() }),
		dists:  make([]dist.Dist, len(metric.All())),
		errors: map[string]ErrorCount{}, finish: map[string]*int64{},
	}
	for i := range g.dists {
		g.dists[i].Limit = opt.ExactLimit
	}
	g.flights.limit = g.dists[0].Bound()
	if opt.Why != "" {
		g.why = why.New(opt.Why)
	}
	return g
}

func (g *accumulator) add(r *record.Record, file string, opt *Options) {
	if r.Phase == record.PhaseWarmup && !opt.Warmup {
		g.warmup++
		return
	}
	g.describe(r, file)
	if opt.leavesOut(r) {
		g.leftOut.add(r)
		g.sessions.partial = g.sessions.partial || r.Session != ""
		return
	}
	g.requests++
	if r.OK {
		g.succeed(r)
	} else {
		g.fail(r)
	}
	good := len(opt.Goodput) == 0 || gate.Good(r, opt.Goodput)
	counted := good && len(opt.Goodput) > 0
	if !good && gate.Untimed(r, opt.Goodput) {
		g.noTokenTimes++
	}
	g.done.Add(r, counted)
	o := &g.observed
	*o = metric.Observe(r)
	g.client.add(r, o.InOnePiece)
	g.missing.add(o)
	g.prompts.Add(r)
	g.ledger.Add(r)
	if g.why != nil {
		g.why.Add(r)
	}
	g.sessions.add(r, good)
	g.skipped += int64(max(0, r.Skipped))
	g.ids.add(r, g.runHash)
	if opt.Intervals {
		g.series.add(o)
	}
	g.depths.add(r, o, g.limit)
	timed, valid := metric.Timed(r)
	if timed {
		valid = g.flights.add(o)
	} else {
		g.untimed.Add(r, counted)
	}
	for i := range metric.All() {
		if add := metric.All()[i].Add; add != nil {
			valid = add(&g.dists[i], o) && valid
		}
	}
	if !valid {
		g.invalid++
	}
}

func (g *accumulator) succeed(r *record.Record) {
	if r.ReportsCached() {
		g.cached += metric.Tokens(r.CachedTokens)
		g.saidCached++
	}
	if n, known := r.StreamedTokens(); known && len(r.GapUs) > 0 {
		g.chunks += int64(len(r.GapUs))
		g.chunkTokens += max(0, metric.Tokens(n)-1)
	}
	if r.FinishReason != "" {
		g.finished(r.FinishReason, 1)
	}
}

// dist returns a copy of distribution i.
func (g *accumulator) dist(i int) *dist.Dist {
	if of := metric.All()[i].OfConversation; of != nil {
		return g.sessions.dist(g.limit, of)
	}
	d := g.dists[i] // a shallow copy: the values are shared
	return &d
}

func (g *accumulator) describe(r *record.Record, file string) {
	facts := [numFacts]string{
		factRun: r.Run, factMode: r.Mode, factAPI: r.API, factOp: r.Op, factModel: r.Model, factURL: r.URL,
		factShard: r.Shard, factRunID: cmp.Or(r.Continues, r.RunID), factFile: file,
	}
	if facts != g.latest {
		g.runHash = xxhash.Sum64String(facts[factRunID] + "\x00" + r.Run)
		for i, v := range facts {
			g.facts[i].add(v)
			g.latest[i] = strings.Clone(v)
		}
	}
	if r.Rate > g.rate {
		g.rate = r.Rate
	}
	g.slots = max(g.slots, r.Parallel)
	g.asked = max(g.asked, r.Number)
	if r.Session == "" {
		g.alone++
	}
}

// cutShort returns a note if the group is a load point as a whole, but has fewer requests than it was asked for.
func (g *accumulator) cutShort() []string {
	begun := g.alone + int64(len(g.sessions.byName))
	if g.part || len(g.facts[factRun]) != 1 || len(g.facts[factRunID]) > 1 || int64(g.asked) <= begun ||
		g.sessions.partial || g.sessions.halvings > 0 {
		return nil
	}
	return []string{fmt.Sprintf(
		"cut short: %d of the %d requests that were asked for, or these are not all of its records", begun, g.asked)}
}

// fail counts a failure by its kind. The example is the first message in lexical order, so that it does not depend on
// the order of the records.
func (g *accumulator) fail(r *record.Record) {
	kind, message := "unknown", ""
	switch e := r.Error; {
	case e != nil:
		kind, message = e.Kind, e.Message
	case r.Status != 0 && r.Status/100 != 2:
		kind, message = record.KindHTTP, fmt.Sprintf("status %d", r.Status)
	}
	g.addErrors(ErrorCount{kind, 1, message})
}

func (g *accumulator) addErrors(e ErrorCount) {
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

// finished counts n answers that ended for a reason, which usually is that of the answer before.
func (g *accumulator) finished(reason string, n int64) {
	if g.finishes == nil || reason != g.lastFinish {
		if g.finish[reason] == nil {
			g.finish[strings.Clone(reason)] = new(int64)
		}
		g.lastFinish, g.finishes = strings.Clone(reason), g.finish[reason]
	}
	*g.finishes += n
}

// finishReasons returns the number of answers by the reason for which they ended.
func (g *accumulator) finishReasons() map[string]int64 {
	out := make(map[string]int64, len(g.finish))
	for reason, n := range g.finish {
		out[reason] = *n
	}
	return out
}

// sum is a counter that merges by addition. Its name identifies it in states.
type sum struct {
	name string
	n    *int64
}

func (g *accumulator) sums() []sum {
	sums := []sum{
		{"requests", &g.requests}, {"ok", &g.done.OK}, {"warmup", &g.warmup}, {"invalid", &g.invalid}, {"good", &g.done.Good},
		{"input_tokens", &g.done.Input}, {"output_tokens", &g.done.Output}, {"cached_tokens", &g.cached},
		{"items", &g.done.Items}, {"chunks", &g.chunks}, {"chunk_tokens", &g.chunkTokens},
		{"says_cached_tokens", &g.saidCached}, {"alone", &g.alone}, {"skipped", &g.skipped},
		{"no token times", &g.noTokenTimes},
		{"untimed ok", &g.untimed.OK}, {"untimed good", &g.untimed.Good}, {"untimed items", &g.untimed.Items},
		{"untimed input_tokens", &g.untimed.Input}, {"untimed output_tokens", &g.untimed.Output},
	}
	for i := range g.missing {
		sums = append(sums, sum{"lacks " + wanted[i].key, &g.missing[i]})
	}
	return append(sums, g.prompts.sums()...)
}

func (g *accumulator) merge(o *accumulator) {
	for i := range g.facts {
		for v := range o.facts[i] {
			g.facts[i].add(v)
		}
	}
	g.rate, g.slots, g.asked = max(g.rate, o.rate), max(g.slots, o.slots), max(g.asked, o.asked)
	for i := range g.dists {
		g.dists[i].Merge(&o.dists[i])
	}
	g.client.Merge(&o.client)
	g.leftOut.merge(&o.leftOut)
	g.flights.merge(&o.flights)
	g.sessions.merge(&o.sessions)
	g.depths.merge(&o.depths)
	g.ids.merge(&o.ids)
	g.series.merge(&o.series)
	g.ledger.Merge(&o.ledger)
	if g.why != nil {
		g.why.Merge(o.why)
	}
	mine, theirs := g.sums(), o.sums()
	for i := range mine {
		*mine[i].n += *theirs[i].n
	}
	for _, e := range o.errors {
		g.addErrors(e)
	}
	for reason, n := range o.finish {
		g.finished(reason, *n)
	}
}
