package report

import (
	"cmp"
	"slices"

	"perfpipe/internal/record"
)

// sample retains a bounded number of requests to show one by one: the slowest, failures, and a random choice of the
// others, which depends on the records but not on their order. It has those of the least hash: a bottom-k sample (Cohen
// and Kaplan, "Summarizing data using bottom-k sketches", 2007).
type sample struct {
	seen    int64
	random  bottom
	slowest bottom
	failed  bottom
	tokens  bottom // with the gaps between their chunks
}

// Limits of the requests of each kind, and of the chunks of one of them.
const (
	mostRandom  = 15000
	mostSlowest = 500
	mostFailed  = 500
	mostTokens  = 100
	mostGaps    = 20000
)

// picked is one request of a sample.
type picked struct {
	key           float64 // the least are retained
	seq           int64
	dueUs, sentUs int64
	connect       float64 // ms, as all below
	ttft          float64 // 0 if the answer was not streamed
	latency       float64
	prompt        int
	output        int
	failed        bool
	gaps          []int64 // µs
}

func pick(r *record.Record, key float64) picked {
	return picked{
		key: key, seq: r.Seq, dueUs: due(r), sentUs: r.SentUs, connect: r.DNSMs + r.ConnectMs + r.TLSMs,
		ttft: r.TTFTMs, latency: r.LatencyMs, prompt: r.PromptTokens, output: r.CompletionTokens, failed: !r.OK,
	}
}

func (s *sample) add(r *record.Record) {
	if r.SentUs == 0 {
		return
	}
	s.seen++
	hash := mix(uint64(r.SentUs) ^ uint64(r.Seq)<<40)
	if s.random.takes(hash, mostRandom) {
		s.random.put(pick(r, hash), mostRandom)
	}
	if r.OK && s.slowest.takes(-r.LatencyMs, mostSlowest) {
		s.slowest.put(pick(r, -r.LatencyMs), mostSlowest)
	}
	if !r.OK && s.failed.takes(hash, mostFailed) {
		s.failed.put(pick(r, hash), mostFailed)
	}
	if r.OK && r.Phase != record.PhaseWarmup && len(r.GapUs) > 0 && len(r.GapUs) <= mostGaps &&
		s.tokens.takes(hash, mostTokens) {
		p := pick(r, hash)
		p.gaps = slices.Clone(r.GapUs)
		s.tokens.put(p, mostTokens)
	}
}

func (s *sample) merge(o *sample) {
	s.seen += o.seen
	s.random.merge(&o.random, mostRandom)
	s.slowest.merge(&o.slowest, mostSlowest)
	s.failed.merge(&o.failed, mostFailed)
	s.tokens.merge(&o.tokens, mostTokens)
}

// requests returns the sampled requests in the order in which they were sent, each once.
func (s *sample) requests() []picked {
	all := slices.Concat(s.random.picked, s.slowest.picked, s.failed.picked)
	slices.SortFunc(all, func(a, b picked) int {
		return cmp.Or(cmp.Compare(a.sentUs, b.sentUs), cmp.Compare(a.seq, b.seq))
	})
	return slices.CompactFunc(all, func(a, b picked) bool {
		return a.sentUs == b.sentUs && a.seq == b.seq && a.latency == b.latency
	})
}

// mix returns a hash of v in [0, 1): the finaliser of splitmix64 (Steele, Lea and Flood 2014).
func mix(v uint64) float64 {
	v = (v ^ v>>30) * 0xBF58476D1CE4E5B9
	v = (v ^ v>>27) * 0x94D049BB133111EB
	return float64((v^v>>31)>>11) / (1 << 53)
}

// bottom retains the requests of the least keys. The heap, with the greatest key on top, does not hold the requests
// themselves, since they are large.
type bottom struct {
	picked []picked
	heap   []entry
}

// entry is the key of a picked request, and its index.
type entry struct {
	key float64
	at  int32
}

func (b *bottom) takes(key float64, most int) bool { return len(b.heap) < most || key < b.heap[0].key }

func (b *bottom) put(p picked, most int) {
	if len(b.heap) < most {
		b.picked = append(b.picked, p)
		b.heap = append(b.heap, entry{p.key, int32(len(b.heap))})
		b.up(len(b.heap) - 1)
		return
	}
	b.heap[0].key = p.key
	b.picked[b.heap[0].at] = p
	b.down()
}

func (b *bottom) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if b.heap[i].key <= b.heap[parent].key {
			return
		}
		b.heap[i], b.heap[parent] = b.heap[parent], b.heap[i]
		i = parent
	}
}

func (b *bottom) down() {
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(b.heap) {
			return
		}
		if right := child + 1; right < len(b.heap) && b.heap[right].key > b.heap[child].key {
			child = right
		}
		if b.heap[child].key <= b.heap[i].key {
			return
		}
		b.heap[i], b.heap[child] = b.heap[child], b.heap[i]
		i = child
	}
}

func (b *bottom) merge(o *bottom, most int) {
	for _, p := range o.picked {
		if b.takes(p.key, most) {
			b.put(p, most)
		}
	}
}
