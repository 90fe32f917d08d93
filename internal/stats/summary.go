package stats

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"perfpipe/internal/dist"
	"perfpipe/internal/gate"
	"perfpipe/internal/group"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/ledger"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
	"perfpipe/internal/servermetrics"
	"perfpipe/internal/spend"
	"perfpipe/internal/why"
)

// format identifies a summary document and its version.
const format = "perfpipe-summary/2"

// Summary holds the figures of all records, one block per load point. docs/summary.schema.json describes its JSON.
type Summary struct {
	Format      string    `json:"format"`
	Percentiles []float64 `json:"percentiles"`
	Blocks      []Block   `json:"blocks"`
}

// Block holds the figures of one load point. JSON names end in their unit; instants are in µs since the Unix epoch.
type Block struct {
	Group     []group.Value `json:"group"`              // values of the keys that the block is grouped by
	Run       string        `json:"run"`                // the load point; the load points, if grouped by other keys
	Simulated bool          `json:"simulated"`          // the built-in simulator answered, so no server was measured
	Mode      string        `json:"mode,omitempty"`     // how the load was generated, such as open or closed
	Rate      float64       `json:"rate,omitempty"`     // requested requests/s
	Parallel  int           `json:"parallel,omitempty"` // requested concurrent requests
	API       []string      `json:"api"`
	Op        []string      `json:"op"`
	Model     []string      `json:"model"`
	URL       []string      `json:"url"`

	Requests      int64            `json:"requests"`
	OK            int64            `json:"ok"`
	Failed        int64            `json:"failed"`
	SuccessRate   dist.Num         `json:"success_rate"` // ok ÷ requests
	Warmup        int64            `json:"warmup"`       // warm-up records that were excluded
	SentTwice     int64            `json:"sent_twice"`   // requests that were resent or retried
	Errors        []ErrorCount     `json:"errors"`       // most frequent first
	FinishReasons map[string]int64 `json:"finish_reasons"`

	FirstScheduledUs int64    `json:"first_scheduled_us,omitempty"`
	LastEndUs        int64    `json:"last_end_us,omitempty"`
	DurationS        dist.Num `json:"duration_s"` // from the first due request to the last end, without idle time
	RequestsPerS     dist.Num `json:"requests_per_s"`
	OutputPerS       dist.Num `json:"output_tokens_per_s"`
	InputPerS        dist.Num `json:"input_tokens_per_s"`
	TotalPerS        dist.Num `json:"total_tokens_per_s"`
	ItemsPerS        dist.Num `json:"items_per_s"` // embeddings, or ranked documents
	InputTokens      int64    `json:"input_tokens"`
	OutputTokens     int64    `json:"output_tokens"`

	InFlight     dist.Num  `json:"in_flight"`                   // requests in flight, averaged over time
	PeakInFlight int64     `json:"peak_in_flight"`              // maximum of requests in flight
	PeakOutput   dist.Num  `json:"peak_output_tokens_per_s"`    // maximum over any second
	OutputPerGPU dist.Num  `json:"output_tokens_per_s_per_gpu"` // if the number of GPUs is known
	CacheHit     dist.Num  `json:"cache_hit"`                   // cached ÷ input tokens, if the server reports them
	ChunkTokens  dist.Num  `json:"tokens_per_chunk"`            // without the first chunk
	Steady       Window    `json:"steady"`                      // the steady state
	Goodput      *Good     `json:"goodput,omitempty"`           // if there are limits
	Sessions     *Sessions `json:"sessions,omitempty"`          // if there are conversations
	Depths       []Depth   `json:"depths,omitempty"`            // of the requests of sessions
	Saturated    string    `json:"saturated,omitempty"`         // why the server did not keep up; "" if it did

	Gates []gate.Result `json:"slo,omitempty"`
	Best  bool          `json:"best,omitempty"` // the most requests/s of all blocks that meet their gates

	Server *servermetrics.Window `json:"server,omitempty"` // the server's metrics, if sampled
	Energy *spend.Energy         `json:"energy,omitempty"` // if a device reported it
	Cost   *spend.Cost           `json:"cost,omitempty"`   // if there are prices

	Metrics Metrics         `json:"metrics"`
	Client  Verdict         `json:"client"`
	Paused  *Paused         `json:"paused,omitempty"` // pauses of perf-send, if there were any
	Ledger  *ledger.Summary `json:"ledger,omitempty"` // if the server reports its times
	Why     *why.Report     `json:"why,omitempty"`    // if it is asked for
	Notes   []string        `json:"notes"`            // caveats for the reader

	State string `json:"state,omitempty"` // encoded state, for merging summaries without records

	of       *accumulator // the group that the block was computed from; nil if the block was decoded
	response dist.Num     // mean response time of successful requests, ms
}

// Window holds the throughput of a part of the run.
type Window struct {
	FromUs       int64    `json:"from_us"`
	ToUs         int64    `json:"to_us"`
	DurationS    dist.Num `json:"duration_s"`
	RequestsPerS dist.Num `json:"requests_per_s"` // successes that ended in the window
	OutputPerS   dist.Num `json:"output_tokens_per_s"`
	InputPerS    dist.Num `json:"input_tokens_per_s"`
	TotalPerS    dist.Num `json:"total_tokens_per_s"`
	InFlight     dist.Num `json:"in_flight"`
}

// Good counts the requests that meet every goodput limit on requests.
type Good struct {
	Limits []string `json:"limits"`
	Each   []string `json:"-"` // the limits on requests; the others are on conversations
	Count  int64    `json:"count"`
	Share  dist.Num `json:"share"` // count ÷ requests
	PerS   dist.Num `json:"per_s"`

	Sessions     int64    `json:"sessions,omitempty"`      // conversations that meet every limit, as do their requests
	SessionShare dist.Num `json:"session_share,omitempty"` // sessions ÷ conversations that are complete
}

func (g *Good) share() dist.Num {
	if g == nil {
		return dist.NaN()
	}
	return g.Share
}

func (g *Good) perS() dist.Num {
	if g == nil {
		return dist.NaN()
	}
	return g.PerS
}

// ErrorCount is the number of errors of one kind, with an example message.
type ErrorCount struct {
	Kind    string `json:"kind"`
	Count   int64  `json:"count"`
	Example string `json:"example"`
}

// Metric holds the statistics of one distribution.
type Metric struct {
	Key  string // such as ttft_ms; ends in the unit
	Name string // for display, such as TTFT
	dist.Stat

	short map[int64][]string // statistics with too few values, by the requests they need
}

// Metrics is a list of metrics that marshals to a JSON object keyed by Key.
type Metrics []Metric

// Get returns the metric with the given key, or nil if no record has it.
func (m Metrics) Get(key string) *Metric {
	for i := range m {
		if m[i].Key == key {
			return &m[i]
		}
	}
	return nil
}

// ContentRepeats reports whether the TTFT of content equals the TTFT, as it does if there is no other output.
func (m Metrics) ContentRepeats() bool {
	content, ttft := m.Get("content_ttft_ms"), m.Get("ttft_ms")
	return content != nil && ttft != nil && content.N == ttft.N && content.Mean == ttft.Mean &&
		content.Min == ttft.Min && content.Max == ttft.Max
}

// MarshalJSON implements json.Marshaler: {"ttft_ms": {"n": …, "p50": …}, …}.
func (m Metrics) MarshalJSON() ([]byte, error) {
	return jsonl.Object(len(m), func(i int) (string, any) { return m[i].Key, m[i].Stat })
}

// block computes the figures of the group.
func (g *accumulator) block(opt *Options) Block {
	b := Block{
		of: g, Group: g.Name.Values(opt.By), Simulated: g.facts[factAPI][record.SimAPI],
		Rate: g.rate, Parallel: g.slots,
		Run: strings.Join(g.facts[factRun].sorted(), ", "),
		API: g.facts[factAPI].sorted(), Op: g.facts[factOp].sorted(),
		Model: g.facts[factModel].sorted(), URL: g.facts[factURL].sorted(),
		Requests: g.requests, OK: g.done.OK, Failed: g.requests - g.done.OK, SuccessRate: ratio(g.done.OK, g.requests),
		Warmup: g.warmup,
		Errors: g.sortedErrors(), FinishReasons: g.finishReasons(), InputTokens: g.done.Input, OutputTokens: g.done.Output,
		Client: g.client.Verdict(), Paused: g.paused(), SentTwice: g.client.conns.Twice,
	}
	if mode := g.facts[factMode].sorted(); len(mode) == 1 {
		b.Mode = mode[0]
	}
	g.sessions.paths()
	all := g.flights.time.stretches()
	idle := g.idle(all)
	g.throughput(&b, opt, all, idle)
	load := g.flights.underWay(all, idle)
	b.Notes = append(b.Notes, g.offered(load)...)
	if b.Saturated = g.saturated(&b, load); b.Saturated != "" {
		b.Notes = append(b.Notes, "the server did not keep up with the load: "+b.Saturated)
	}
	b.Sessions, b.Depths = g.sessions.summary(g.skipped, b.DurationS), g.depths.summary()
	if b.Goodput != nil && b.Sessions != nil {
		b.Goodput.Sessions = g.sessions.good(opt.Goodput)
		b.Goodput.SessionShare = ratio(b.Goodput.Sessions, b.Sessions.Count-b.Sessions.Incomplete)
	}
	b.Cost = spend.CostOf(opt.Prices, g.work(&b), g.timedWork(&b))
	b.Metrics = g.metrics(opt)
	response := metric.Index("response_ms")
	b.response = g.dists[response].FiniteMean(metric.All()[response].Scale)
	b.Gates = g.gates(&b, opt)
	b.Ledger = g.ledger.Summary()
	if g.why != nil {
		b.Why = g.why.Report()
	}
	if len(g.facts[factRun]) > 1 { // they have no load in common
		b.Rate, b.Parallel = 0, 0
	}
	b.Notes = append(append(g.notes(opt), b.Notes...), b.Metrics.shortNotes()...)
	return b
}

// metrics returns the statistics of all distributions that have values. It computes them concurrently, since each must
// be sorted.
func (g *accumulator) metrics(opt *Options) Metrics {
	all := make(Metrics, len(metric.All()))
	var wg sync.WaitGroup
	var v *view
	if opt.Intervals {
		v = g.view(opt)
	}
	for i, m := range metric.All() {
		wg.Go(func() {
			d := g.dist(i)
			if opt.DropFailures {
				d.SetFailed(0)
			}
			if d.N()+d.Failed() == 0 {
				return
			}
			all[i] = Metric{Key: m.Key, Name: m.Name, Stat: d.Stat(opt.Percentiles, m.Scale)}
			if v != nil {
				all[i].intervals(v, i, opt.Percentiles)
			}
		})
	}
	wg.Wait()
	return slices.DeleteFunc(all, func(m Metric) bool { return m.Key == "" })
}

// throughput sets the figures of b that depend on time.
func (g *accumulator) throughput(b *Block, opt *Options, all []stretch, idle []interval) {
	f := &g.flights
	b.DurationS, b.InFlight = dist.NaN(), dist.NaN()
	b.OutputPerGPU, b.CacheHit = dist.NaN(), dist.NaN()
	if f.n > 0 {
		b.FirstScheduledUs, b.LastEndUs = f.firstUs, f.lastUs
	}
	if f.n > 0 && f.lastUs >= f.firstUs {
		b.DurationS = dist.Num(float64(f.lastUs-f.firstUs-total64(idle)) / 1e6)
		busy := int64(0)
		for _, s := range all {
			busy += s.busy
		}
		b.InFlight = per(busy, b.DurationS) / 1e6
	}
	b.Notes = append(b.Notes, f.timeNotes(all, idle)...)
	done := g.timed()
	b.RequestsPerS, b.OutputPerS = per(done.OK, b.DurationS), per(done.Output, b.DurationS)
	b.InputPerS, b.TotalPerS = per(done.Input, b.DurationS), per(done.Input+done.Output, b.DurationS)
	if b.ItemsPerS = dist.NaN(); g.done.Items > 0 {
		b.ItemsPerS = per(done.Items, b.DurationS)
	}
	b.PeakInFlight, b.PeakOutput = f.peak(), f.time.peakOutput(all)
	b.Steady = f.time.steady(all, idle, interval{f.firstUs, f.lastUs})
	if opt.GPUs > 0 {
		b.OutputPerGPU = b.OutputPerS / dist.Num(opt.GPUs)
	}
	if g.saidCached > 0 {
		b.CacheHit = ratio(g.cached, g.done.Input)
	}
	b.ChunkTokens = ratio(g.chunkTokens, g.chunks)
	if len(opt.Goodput) > 0 {
		b.Goodput = &Good{Count: g.done.Good, Share: ratio(g.done.Good, g.requests), PerS: per(done.Good, b.DurationS)}
		for _, l := range opt.Goodput {
			b.Goodput.Limits = append(b.Goodput.Limits, l.Text)
			if l.OnRequests() {
				b.Goodput.Each = append(b.Goodput.Each, l.Text)
			}
		}
	}
}

// markBest marks the block with the most requests/s among those that meet all their gates.
func (s *Summary) markBest() {
	best := -1
	for i, b := range s.Blocks {
		pass := len(b.Gates) > 0 && !slices.ContainsFunc(b.Gates, func(g gate.Result) bool { return !g.Pass })
		if pass && (best < 0 || b.RequestsPerS > s.Blocks[best].RequestsPerS) {
			best = i
		}
	}
	if best >= 0 {
		s.Blocks[best].Best = true
	}
}

// per returns n ÷ seconds, or NaN if seconds is not positive.
func per(n int64, seconds dist.Num) dist.Num { return dist.Num(n).Per(seconds) }

func ratio(n, of int64) dist.Num {
	if of == 0 {
		return dist.NaN()
	}
	return dist.Num(n) / dist.Num(of)
}

func (g *accumulator) sortedErrors() []ErrorCount {
	out := make([]ErrorCount, 0, len(g.errors))
	for _, e := range g.errors {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b ErrorCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

func (g *accumulator) notes(opt *Options) []string {
	notes := append(missingShards(g.facts[factShard]), g.ids.note(g.requests)...)
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	notes = append(notes, g.cutShort()...)
	if g.invalid > 0 {
		note("%d records have a negative or absurd time or count, which is left out", g.invalid)
	}
	if g.noTokenTimes > 0 {
		note("%d of %d requests miss goodput because the time between their tokens is unknown", g.noTokenTimes, g.requests)
	}
	if g.requests == 0 && g.warmup > 0 {
		note("all %d records are of the warm-up, which is left out%s", g.warmup, opt.hint("all-warmup"))
	}
	notes = append(notes, g.leftOutNote()...)
	notes = append(notes, g.tooManyNote()...)
	notes = append(notes, g.missing.notes(g.requests)...)
	notes = append(notes, g.client.conns.notes()...)
	notes = append(notes, g.prompts.Notes()...)
	if !g.flights.exactPeak() {
		note("the peak of requests in flight is that at the edges of bins of %v",
			time.Duration(g.flights.time.width())*time.Microsecond)
	}
	if g.sessions.halvings > 0 {
		note("conversations are sampled: one of %d", int64(1)<<g.sessions.halvings)
	}
	var approx []string
	for i := range g.dists {
		if !g.dists[i].Exact() {
			approx = append(approx, metric.All()[i].Name)
		}
	}
	if approx != nil {
		note("percentiles of %s come from a sketch: values of 262 ms or more are within %.2g %%%s",
			joinAnd(approx), dist.SketchError*100, opt.hint("sketch"))
	}
	return notes
}

func joinAnd(words []string) string {
	s := ""
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			s += " and "
		default:
			s += ", "
		}
		s += w
	}
	return s
}
