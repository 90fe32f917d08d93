package evalscope

import (
	"math"

	"perfpipe/internal/stats"
)

// none is evalscope's value of a figure that does not exist.
const none = -1

// sums are those of the successes of a load point, in seconds and tokens.
type sums struct {
	n, latency, first            float64
	streams, firstStreams        float64 // of streamed answers only
	perToken, perTokens          float64 // TPOT, and how many have one
	prompt, completion           float64
	cached, cacheable, reporting float64 // of those that report cached tokens
	steps, stepped               float64 // of those with more than one token a chunk
	handoff, handoffs            float64
	overhead, overheads          float64
}

func (p *loadPoint) sums() (t sums) {
	for i := range p.served {
		s := &p.served[i]
		t.n++
		t.latency, t.first = t.latency+s.latency, t.first+s.first
		t.prompt, t.completion = t.prompt+float64(s.prompt), t.completion+float64(s.completion)
		if s.streamed {
			t.streams, t.firstStreams = t.streams+1, t.firstStreams+s.first
			if s.completion > 1 {
				t.perToken, t.perTokens = t.perToken+s.perToken, t.perTokens+1
			}
		}
		if s.cached >= 0 && s.prompt > 0 || len(p.sessions) > 0 { // every turn of a conversation counts
			t.cached, t.cacheable = t.cached+float64(max(0, s.cached)), t.cacheable+float64(s.prompt)
		}
		if s.cached >= 0 {
			t.reporting++
		}
		if s.perStep > 1 {
			t.steps, t.stepped = t.steps+s.perStep, t.stepped+1
		}
		if !math.IsNaN(s.handoff) {
			t.handoff, t.handoffs = t.handoff+s.handoff, t.handoffs+1
		}
		if !math.IsNaN(s.overhead) {
			t.overhead, t.overheads = t.overhead+s.overhead, t.overheads+1
		}
	}
	return t
}

// duration returns the seconds from the first send to the last end.
func (p *loadPoint) duration() float64 {
	if p.to == 0 {
		return 1 // as evalscope does
	}
	return max(0, float64(p.to-p.from)/1e6)
}

// summary returns benchmark_summary.json.
func (p *loadPoint) summary(b *stats.Block) object {
	t, took := p.sums(), p.duration()
	streamed := int64(p.streamed)
	out := object{
		{"Test Duration (s)", rounded(took, 4)},
		{"Concurrency", concurrency(b)},
		{"Request Rate (req/s)", rate(b)},
		{"Total Requests", b.Requests},
		{"Success Requests", b.OK},
		{"Failed Requests", b.Failed},
		{"Stream Requests", streamed},
		{"Non-Stream Requests", b.Requests - streamed},
		{"Req Throughput (req/s)", rounded(div(t.n, took, none), 4)},
		{"Avg Latency (s)", rounded(div(t.latency, t.n, none), 4)},
		{"Avg Input Tokens", rounded(div(t.prompt, t.n, none), 4)},
	}
	if p.inputOnly {
		out = append(out, inputOnly(&t)...)
	} else {
		out = append(out, p.generated(&t, took)...)
	}
	if len(p.sessions) > 0 {
		out = append(out, p.turns(&t)...)
	} else if t.cacheable > 0 {
		out = append(out, member{"KV Cache Hit Rate (%)", rounded(100*t.cached/t.cacheable, 4)})
	}
	if t.stepped > 0 {
		steps := t.steps / t.stepped
		out = append(out, member{"Avg Decoded Tok/Iter", rounded(steps, 4)},
			member{"Spec. Accept Rate", rounded(1-1/steps, 4)})
	}
	return out
}

// inputOnly returns the figures of embeddings and rankings. The input throughput is the tokens ÷ the sum of latencies,
// which is about 1/parallel of the throughput.
func inputOnly(t *sums) object {
	return object{
		{"Output Throughput (tok/s)", Float(0)}, {"Total Throughput (tok/s)", Float(0)}, {"Avg TTFT (ms)", Float(0)},
		{"Avg TPOT (ms)", Float(0)}, {"Avg ITL (ms)", Float(0)}, {"Avg Output Tokens", Float(0)},
		{"Input Throughput (tok/s)", rounded(div(t.prompt, t.first, none), 4)},
	}
}

// generated returns the figures of answers with generated tokens. If nothing was streamed, the first chunk is the whole
// answer.
func (p *loadPoint) generated(t *sums, took float64) object {
	ttft, tpot := div(t.first, t.n, none), div(0, t.n, none)
	if t.streams > 0 {
		ttft, tpot = t.firstStreams/t.streams, ratio(t.perToken, t.perTokens)
	}
	itl := 0.0
	if p.gaps.N() > 0 {
		itl = p.gaps.Mean(1000)
	}
	out := object{
		{"Output Throughput (tok/s)", rounded(div(t.completion, took, none), 4)},
		{"Total Throughput (tok/s)", rounded(div(t.prompt+t.completion, took, none), 4)},
		{"Avg TTFT (ms)", rounded(1000*ttft, 2)},
		{"Avg TPOT (ms)", rounded(1000*tpot, 2)},
		{"Avg ITL (ms)", rounded(itl, 2)},
	}
	if p.steady.N() > 0 {
		out = append(out, member{"Avg Steady ITL (ms)", rounded(p.steady.Mean(1000), 2)})
	}
	if t.handoffs > 0 {
		out = append(out, member{"Avg PD Handoff Latency (ms)", rounded(1000*t.handoff/t.handoffs, 2)})
	}
	if t.overheads > 0 {
		out = append(out, member{"Avg PD Handoff Overhead (ms)", rounded(1000*t.overhead/t.overheads, 2)})
	}
	return append(out,
		member{"Avg Output Tokens", rounded(div(t.completion, t.n, none), 4)},
		member{"Input Throughput (tok/s)", Float(0)},
	)
}

// turns returns the figures that only conversations have. evalscope guesses the cache hits if the server does not
// report them.
func (p *loadPoint) turns(t *sums) object {
	var turns, first, later, firsts, laters float64
	for i := range p.served {
		s := &p.served[i]
		turns += float64(s.turn)
		if s.turn == 1 {
			first, firsts = first+s.first, firsts+1
		} else {
			later, laters = later+s.first, laters+1
		}
	}
	out := object{{"Avg Turns/Request", rounded(ratio(turns, t.n), 4)}}
	if t.reporting > 0 && t.cacheable > 0 {
		out = append(out, member{"KV Cache Hit Rate (%)", rounded(100*t.cached/t.cacheable, 4)})
	}
	if firsts > 0 {
		out = append(out, member{"Avg First-Turn TTFT (ms)", rounded(1000*first/firsts, 2)})
	}
	if laters > 0 {
		out = append(out, member{"Avg Subsequent-Turn TTFT (ms)", rounded(1000*later/laters, 2)})
	}
	return out
}

func concurrency(b *stats.Block) int {
	if b.Parallel > 0 {
		return b.Parallel
	}
	return none
}

func rate(b *stats.Block) Float {
	if b.Rate > 0 {
		return Float(b.Rate)
	}
	return none
}
