package stats

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	mstats "github.com/montanaflynn/stats"

	"perfpipe/internal/dist"
	"perfpipe/internal/group"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// Definition is how another tool computes its figures, so that numbers can be compared like for like. All of them leave
// failures out; tokens are those of the record, whatever the tool would count them with.
type Definition struct {
	Tool    string
	Why     []string // what makes its figures differ from ours
	rule    func(sorted mstats.Float64Data, p float64) float64
	fromDue bool // its clock starts when the first request is due rather than when it is sent
	figures []metric.Metric
}

// ours is what the others are set beside.
func ours() Definition {
	return Definition{Tool: "perf-stats", rule: nearest, fromDue: true, figures: []metric.Metric{
		instant("ttft_ms", "TTFT", ttft),
		own("tpot_ms"),
		own("itl_ms"),
		instant("e2e_ms", "latency", latency),
	}}
}

func own(key string) metric.Metric { return metric.All()[metric.Index(key)] }

// Definitions gives those of --define, as read in the tools' sources at the versions named.
func Definitions() []Definition {
	return []Definition{
		{"evalscope", []string{ // 1.14.1, perf/utils/benchmark_util.py
			"TPOT is (latency − TTFT)/(n − 1): it runs to the end of the answer, not to the last chunk",
			"ITL is the gap between chunks, however many tokens they have",
		}, nearest, false, []metric.Metric{
			instant("ttft_ms", "TTFT", ttft),
			perToken("tpot_ms", "TPOT", toEnd, 1),
			{Key: "itl_ms", Name: "ITL", Scale: metric.Microseconds, Add: addGaps},
			instant("e2e_ms", "Latency", latency),
		}},
		{"vllm", []string{ // bench serve 0.33.0, vllm/benchmarks/serve.py
			"E2EL ends at the last chunk, not at the end of the answer",
			"before 0.33 TTFT is the first chunk, even one of nothing but the role, where that comes early",
			"ITL is the gap between chunks; percentiles are interpolated (numpy)",
		}, linear, true, []metric.Metric{
			instant("ttft_ms", "TTFT", ttft),
			perToken("tpot_ms", "TPOT", toLast, 1),
			{Key: "itl_ms", Name: "ITL", Scale: metric.Microseconds, Add: addGaps},
			instant("e2e_ms", "E2EL", lastChunk),
		}},
		{"sglang", []string{ // bench_serving 0.5.23, OpenAI backends, serving.py
			"TPOT is (latency − TTFT)/(n − 1), to the end of the answer",
			"ITL is the gap between chunks; percentiles are interpolated (numpy)",
		}, linear, true, []metric.Metric{
			instant("ttft_ms", "TTFT", ttft),
			perToken("tpot_ms", "TPOT", toEnd, 1),
			{Key: "itl_ms", Name: "ITL", Scale: metric.Microseconds, Add: addGaps},
			instant("e2e_ms", "E2E Latency", latency),
		}},
		{"aiperf", []string{ // 0.13.0
			"its “Inter Token Latency” is one value a request, (last chunk − TTFT)/(n − 1), which others call TPOT; gaps are its ICL",
			"request latency ends at the last chunk; percentiles are interpolated (numpy)",
		}, linear, true, []metric.Metric{
			instant("ttft_ms", "Time to First Token", ttft),
			perToken("itl_ms", "Inter Token Latency", toLast, 1),
			{Key: "icl_ms", Name: "Inter Chunk Latency", Scale: metric.Microseconds, Add: addGaps},
			instant("e2e_ms", "Request Latency", lastChunk),
		}},
		{"guidellm", []string{ // 0.8.1, schemas/base/request_stats.py
			"its TPOT is (last chunk)/n: it counts the TTFT in",
			"its ITL is one value a request, (last chunk − TTFT)/(n − 1), which others call TPOT",
			"percentiles are those of the step function, as ours",
		}, nearest, true, []metric.Metric{
			instant("ttft_ms", "TTFT", ttft),
			perToken("tpot_ms", "TPOT", lastChunk, 0),
			perToken("itl_ms", "ITL", toLast, 1),
			instant("e2e_ms", "Request latency", latency),
		}},
		{"inference-perf", []string{ // 7de5ef2, reportgen/base.py
			"TTFT is of content: reasoning does not count",
			"tokens of one chunk share its time, so ITL is zero between them; NTPOT is latency/n",
			"percentiles are interpolated (numpy)",
		}, linear, true, []metric.Metric{
			instant("ttft_ms", "TTFT", contentTTFT),
			perToken("tpot_ms", "TPOT", toLast, 1),
			{Key: "itl_ms", Name: "ITL", Scale: metric.Microseconds, Add: addZeroGaps},
			perToken("ntpot_ms", "NTPOT", latency, 0),
			instant("e2e_ms", "Request latency", latency),
		}},
		{"llmperf", []string{ // ray-project/llmperf f1d6bed
			"its “inter token latency” is latency/n: it counts the TTFT in",
			"TTFT is of content: reasoning does not count; percentiles are interpolated (pandas)",
		}, linear, true, []metric.Metric{
			instant("ttft_ms", "ttft_s", contentTTFT),
			perToken("itl_ms", "inter_token_latency_s", latency, 0),
			instant("e2e_ms", "end_to_end_latency_s", latency),
		}},
	}
}

// EvalscopeFiles is evalscope's definitions with all columns of its benchmark_percentile.json, under its names.
func EvalscopeFiles() Definition {
	d := Definitions()[0]
	perS := func(key, name string, tokens func(*record.Record) int) metric.Metric {
		return metric.Metric{Key: key, Name: name, Scale: metric.Thousandths, Add: func(d *dist.Dist, r *metric.Observation) bool {
			n := tokens(r.Record)
			return !r.OK || r.LatencyMs <= 0 || d.Add(metric.Whole(float64(n)/r.LatencyMs*1000*metric.Thousandths))
		}}
	}
	tokens := func(key, name string, of func(*record.Record) int) metric.Metric {
		return metric.Metric{Key: key, Name: name, Scale: 1, Add: func(d *dist.Dist, r *metric.Observation) bool { return !r.OK || d.Add(int64(of(r.Record))) }}
	}
	output := func(r *record.Record) int { return r.CompletionTokens }
	input := func(r *record.Record) int { return r.PromptTokens }
	d.figures = append(slices.Clone(d.figures),
		metric.Metric{Key: "decode", Name: "Decode (tok/s)", Scale: metric.Thousandths, Add: func(d *dist.Dist, r *metric.Observation) bool {
			ms, ok := toEnd(r.Record)
			n, known := r.StreamedTokens()
			n--
			return !r.OK || !ok || !known || n < 1 || ms <= 0 || d.Add(metric.Whole(float64(n)/ms*1000*metric.Thousandths))
		}},
		tokens("input_tokens", "Input tokens", input),
		tokens("output_tokens", "Output tokens", output),
		perS("input", "Input (tok/s)", input),
		perS("output", "Output (tok/s)", output),
		perS("total", "Total (tok/s)", func(r *record.Record) int { return input(r) + output(r) }),
	)
	return d
}

// ParseDefinition finds those of a tool; all is ours and every one.
func ParseDefinition(name string) ([]Definition, error) {
	all := append([]Definition{ours()}, Definitions()...)
	if name == "all" {
		return all, nil
	}
	var tools []string
	for _, d := range all {
		if d.Tool == name {
			return []Definition{d}, nil
		}
		tools = append(tools, d.Tool)
	}
	return nil, fmt.Errorf("no definitions of %q: there are all, %s", name, strings.Join(tools, ", "))
}

// A part of a request is a time of it in ms, where there is one.
type part func(r *record.Record) (ms float64, ok bool)

func ttft(r *record.Record) (float64, bool)      { return r.TTFTMs, r.Streamed() }
func latency(r *record.Record) (float64, bool)   { return r.LatencyMs, r.LatencyMs > 0 }
func lastChunk(r *record.Record) (float64, bool) { return r.LastChunkMs(), r.Streamed() }
func toLast(r *record.Record) (float64, bool)    { return r.LastChunkMs() - r.TTFTMs, r.Streamed() }
func toEnd(r *record.Record) (float64, bool)     { return r.LatencyMs - r.TTFTMs, r.Streamed() }

func contentTTFT(r *record.Record) (float64, bool) {
	if r.ReasoningTTFTMs > 0 {
		return r.ContentTTFTMs, r.ContentTTFTMs > 0
	}
	return ttft(r)
}

// instant is the distribution of a part of each success.
func instant(key, name string, p part) metric.Metric {
	return metric.Metric{Key: key, Name: name, Scale: metric.Microseconds, Add: func(d *dist.Dist, r *metric.Observation) bool {
		ms, ok := p(r.Record)
		return !r.OK || !ok || d.Add(metric.Micro(ms))
	}}
}

// perToken is that of a part divided by the tokens but for the first so many. Of a part that begins with the first chunk
// they are those that were streamed.
func perToken(key, name string, p part, but int) metric.Metric {
	return metric.Metric{Key: key, Name: name, Scale: metric.Nanoseconds, Add: func(d *dist.Dist, r *metric.Observation) bool {
		ms, ok := p(r.Record)
		n, known := r.CompletionTokens, true
		if but > 0 {
			n, known = r.StreamedTokens()
		}
		n -= but
		return !r.OK || !ok || !known || n < 1 || d.Add(metric.Whole(ms/float64(n)*metric.Nanoseconds))
	}}
}

func addGaps(d *dist.Dist, r *metric.Observation) bool { return !r.OK || d.AddAll(r.GapUs) }

// addZeroGaps adds the gap before each chunk and a zero for every further token of it. Where the chunks' tokens are
// unknown each has one.
func addZeroGaps(d *dist.Dist, r *metric.Observation) bool {
	if !r.OK {
		return true
	}
	if len(r.ChunkTokens) == len(r.GapUs)+1 {
		for _, n := range r.ChunkTokens {
			d.AddN(0, int64(max(0, n-1)))
		}
	}
	return d.AddAll(r.GapUs)
}

// The rules of percentiles.

func nearest(sorted mstats.Float64Data, p float64) float64 {
	v, _ := mstats.PercentileNearestRank(sorted, p) // of values there are
	return v
}

// linear interpolates between the two nearest ranks, as numpy does.
func linear(sorted mstats.Float64Data, p float64) float64 {
	v, _ := mstats.Percentile(sorted, p)
	return v
}

// Defined gathers records under other tools' definitions. It keeps every value.
type Defined struct {
	defs   []Definition
	opt    Options
	apart  bool // as of a Collector
	groups map[group.ID]*definedGroup
}

type definedGroup struct {
	dists          [][]dist.Dist // by definition and figure
	sent, due, end int64         // first, first, last; µs
	ok, out        int64         // successes and their tokens
	simulated      bool
}

// DefinedBlock is one load point under one tool's definitions.
type DefinedBlock struct {
	Group     string   `json:"group"`
	Simulated bool     `json:"simulated"` // of the built-in simulator, so no server was measured
	Tool      string   `json:"tool"`
	Figures   Metrics  `json:"figures"`
	Duration  dist.Num `json:"duration_s"`
	Requests  dist.Num `json:"requests_per_s"`
	Output    dist.Num `json:"output_tokens_per_s"`
}

// NewDefined returns an empty Defined.
func NewDefined(defs []Definition, opt Options) *Defined {
	c := New(opt)
	return &Defined{defs, c.opt, c.apart, map[group.ID]*definedGroup{}}
}

// Add takes one record, of which it keeps nothing.
func (d *Defined) Add(r *record.Record) {
	if r.Phase == record.PhaseWarmup && !d.opt.Warmup {
		return
	}
	k := group.ID{Name: group.NameOf(d.opt.By, r, "")}
	if d.apart {
		k.RunID = r.RunID
	}
	g := d.group(k)
	g.simulated = g.simulated || r.API == record.SimAPI
	if sane(r) && r.SentUs > 0 {
		g.sent, g.due, g.end = min(g.sent, r.SentUs), min(g.due, due(r)), max(g.end, r.EndUs())
	}
	if r.OK {
		g.ok++
		g.out += metric.Tokens(r.CompletionTokens)
	}
	o := metric.Observe(r)
	for i, def := range d.defs {
		for j, f := range def.figures {
			f.Add(&g.dists[i][j], &o)
		}
	}
}

func (d *Defined) group(k group.ID) *definedGroup {
	g := d.groups[k]
	if g == nil {
		g = &definedGroup{sent: math.MaxInt64, due: math.MaxInt64}
		for _, def := range d.defs {
			dists := make([]dist.Dist, len(def.figures))
			for j := range dists {
				dists[j].Limit = -1
			}
			g.dists = append(g.dists, dists)
		}
		d.groups[k.Clone()] = g
	}
	return g
}

// Merge adds what o gathered.
func (d *Defined) Merge(o *Defined) {
	for k, theirs := range o.groups {
		g := d.group(k)
		g.sent, g.due, g.end = min(g.sent, theirs.sent), min(g.due, theirs.due), max(g.end, theirs.end)
		g.simulated = g.simulated || theirs.simulated
		g.ok += theirs.ok
		g.out += theirs.out
		for i := range g.dists {
			for j := range g.dists[i] {
				g.dists[i][j].Merge(&theirs.dists[i][j])
			}
		}
	}
}

// Blocks gives the figures, each load point's tools together, the earliest load point first.
func (d *Defined) Blocks() []DefinedBlock {
	keys := slices.SortedFunc(maps.Keys(d.groups), func(a, b group.ID) int {
		return cmp.Or(cmp.Compare(d.groups[a].due, d.groups[b].due), a.Compare(b))
	})
	name := func(k group.ID) string {
		name := k.Name.String()
		if slices.ContainsFunc(keys, func(o group.ID) bool { return o != k && o.Name == k.Name }) {
			name += ", run_id " + k.RunID
		}
		return name
	}
	out := []DefinedBlock{}
	for _, k := range keys {
		g := d.groups[k]
		for i, def := range d.defs {
			b := DefinedBlock{Group: name(k), Simulated: g.simulated, Tool: def.Tool, Duration: dist.NaN(), Figures: Metrics{}}
			start := g.sent
			if def.fromDue {
				start = g.due
			}
			if g.end > 0 {
				b.Duration = dist.Num(g.end-start) / 1e6
			}
			b.Requests, b.Output = per(g.ok, b.Duration), per(g.out, b.Duration)
			for j, f := range def.figures {
				if values := &g.dists[i][j]; values.N() > 0 {
					b.Figures = append(b.Figures, Metric{Key: f.Key, Name: f.Name, Stat: def.stat(values, d.opt.Percentiles, f.Scale)})
				}
			}
			out = append(out, b)
		}
	}
	return out
}

// stat is Dist.Stat by the tool's rule of percentiles.
func (def *Definition) stat(d *dist.Dist, percentiles []float64, unit float64) dist.Stat {
	s := d.Stat(nil, unit)
	sorted := d.Sorted(unit)
	for _, p := range percentiles {
		s.Percentiles = append(s.Percentiles, dist.Percentile{P: p, Value: dist.Num(def.rule(sorted, p))})
	}
	return s
}
