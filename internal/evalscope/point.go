package evalscope

import (
	"math"
	"slices"
	"sync"

	"github.com/tidwall/gjson"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// loadPoints collects what the figures of all load points need.
type loadPoints struct {
	pd     bool
	mu     sync.Mutex
	groups map[string]*loadPoint // by groupName
}

// loadPoint holds a few numbers of each success, and every gap between chunks. Memory grows with them, as do
// evalscope's files, which have a line for each.
type loadPoint struct {
	served    []served
	gaps      dist.Dist           // µs
	steady    dist.Dist           // the gaps of each request but its first, µs; empty without pd
	sessions  map[string][]int    // indices into served of each conversation with a success
	begun     map[string]struct{} // conversations
	number    int                 // that the load point was asked for; 0: unknown
	streamed  int                 // requests that asked for a stream, or received one
	inputOnly bool                // embeddings or ranking
	from, to  int64               // first send and last end, µs since the epoch
}

// served is a success, in seconds.
type served struct {
	start, end, latency, first float64
	perToken                   float64 // TPOT; 0: none
	perStep                    float64 // tokens a chunk; 0: unknown
	handoff, overhead          float64 // NaN: none
	turn, prompt, completion   int
	cached                     int // −1: not reported
	streamed                   bool
}

// add adds a record of a group.
func (l *loadPoints) add(group string, r *record.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.groups[group]
	if p == nil {
		p = &loadPoint{sessions: map[string][]int{}, begun: map[string]struct{}{}, from: math.MaxInt64}
		p.gaps.Limit, p.steady.Limit = -1, -1
		l.groups[group] = p
	}
	p.number = max(p.number, r.Number)
	p.inputOnly = !metric.Generates(r)
	if asksStream(r) {
		p.streamed++
	}
	session := ""
	if r.Turn > 0 {
		session = r.SessionKey()
		p.begun[session] = struct{}{}
	}
	if timed, _ := metric.Timed(r); !timed {
		return
	}
	p.from, p.to = min(p.from, r.SentUs), max(p.to, r.EndUs())
	if r.OK {
		p.serve(r, session, l.pd)
	}
}

// serve adds a success, of a conversation unless session is empty.
func (p *loadPoint) serve(r *record.Record, session string, pd bool) {
	s := served{
		start: float64(r.SentUs) / 1e6, latency: r.LatencyMs / 1000, first: firstChunk(r), perToken: perToken(r),
		end:  float64(r.SentUs)/1e6 + r.LatencyMs/1000,
		turn: r.Turn, prompt: r.PromptTokens, completion: r.CompletionTokens, cached: -1, streamed: r.Streamed(),
		handoff: math.NaN(), overhead: math.NaN(),
	}
	if r.ReportsCached() {
		s.cached = r.CachedTokens
	}
	if steps := len(r.GapUs) + r.EmptyChunks; steps > 0 && r.Streamed() && r.CompletionTokens > 1 {
		s.perStep = float64(r.CompletionTokens-1) / float64(steps)
	}
	p.gaps.AddAll(r.GapUs)
	if pd && len(r.GapUs) > 0 {
		s.handoff = float64(r.GapUs[0]) / 1e6
		if rest := r.GapUs[1:]; len(rest) > 0 {
			p.steady.AddAll(rest)
			s.overhead = max(0, s.handoff-median(rest)/1e6)
		}
	}
	if session != "" {
		p.sessions[session] = append(p.sessions[session], len(p.served))
	}
	p.served = append(p.served, s)
}

// asksStream reports whether a request is one of evalscope's Stream Requests: it received a stream, or failed and had
// asked for one.
func asksStream(r *record.Record) bool {
	if r.Streamed() || r.OK {
		return r.Streamed()
	}
	if len(r.Request) == 0 {
		return metric.Generates(r) // unknown; it is the default
	}
	stream := gjson.GetBytes(r.Request, "body.stream")
	if !stream.Exists() {
		stream = gjson.GetBytes(r.Request, "stream")
	}
	return stream.Bool()
}

// firstChunk returns the seconds to the first chunk. An answer that was not streamed is one chunk.
func firstChunk(r *record.Record) float64 {
	if r.Streamed() {
		return r.TTFTMs / 1000
	}
	return r.LatencyMs / 1000
}

// perToken returns evalscope's TPOT in seconds, which runs to the end of the answer, or 0 if there is none.
func perToken(r *record.Record) float64 {
	n, known := r.StreamedTokens()
	if !known || n < 2 || !r.Streamed() {
		return 0
	}
	return (r.LatencyMs - r.TTFTMs) / 1000 / float64(n-1)
}

// median returns the median of values, of which there is at least one.
func median(values []int64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return float64(sorted[half])
	}
	return float64(sorted[half-1]+sorted[half]) / 2
}

// count returns the number in the name of the folder, of which a conversation counts as one: the number asked for, or
// else that of the records.
func (p *loadPoint) count(requests int64) int64 {
	switch {
	case p.number > 0:
		return int64(p.number)
	case len(p.begun) > 0:
		return int64(len(p.begun))
	}
	return requests
}

// ratio returns a/b, or 0 if b is 0, as evalscope does.
func ratio(a, b float64) float64 { return div(a, b, 0) }

// div returns a/b, or otherwise if b is 0.
func div(a, b, otherwise float64) float64 {
	if b == 0 {
		return otherwise
	}
	return a / b
}
