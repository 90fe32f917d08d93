package define

import (
	"cmp"
	"maps"
	"slices"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// request is what a Request and the peaks are computed from. Times are in µs.
type request struct {
	seq               int64
	sent              int64 // since the epoch
	first, last, late int64 // from sent: first chunk, last chunk; time in the queue
	gaps              []int64
	ok                bool
}

func requestOf(r *record.Record) request {
	q := request{seq: r.Seq, sent: r.SentUs, ok: r.OK, late: max(0, metric.Micro(r.QueueMs))}
	if ms, known := lastOutput(r); known && r.OK {
		q.last = max(0, metric.Micro(ms))
	}
	if q.first = q.last; r.Streamed() && r.OK {
		q.first, q.gaps = max(0, metric.Micro(r.TTFTMs)), slices.Clone(r.GapUs)
	}
	return q
}

// Request holds the times of one request as vLLM's result lists them.
type Request struct {
	LatencyS float64 // to the last chunk; 0 if the request failed
	QueueS   float64 // for which the request waited for a slot
}

// inOrder returns the requests in the order in which they were read.
func inOrder(requests []request) []Request {
	slices.SortFunc(requests, func(a, b request) int {
		return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(a.sent, b.sent), cmp.Compare(a.last, b.last))
	})
	out := make([]Request, len(requests))
	for i, r := range requests {
		out[i] = Request{float64(r.last) / 1e6, float64(r.late) / 1e6}
	}
	return out
}

// Peaks are maxima over the whole seconds of a run, the first of which begins with the first successful request.
type Peaks struct {
	Chunks   dist.Num `json:"max_output_tokens_per_s"` // chunks that arrived; the tools count each as one token
	Requests int64    `json:"max_concurrent_requests"` // requests in flight in any part of the second
}

// peaks returns the Peaks of the successful requests, or nil if there are none.
func peaks(requests []request) *Peaks {
	requests = slices.DeleteFunc(slices.Clone(requests), func(r request) bool { return !r.ok })
	if len(requests) == 0 {
		return nil
	}
	begin := slices.MinFunc(requests, func(a, b request) int { return cmp.Compare(a.sent, b.sent) }).sent
	second := func(us int64) int64 { return (us - begin) / 1e6 }
	chunks, change := map[int64]int64{}, map[int64]int64{}
	for _, r := range requests {
		at := r.sent + r.first
		chunks[second(at)]++
		for _, gap := range r.gaps {
			at += gap
			chunks[second(at)]++
		}
		change[second(r.sent)]++
		change[second(r.sent+r.last)+1]--
	}
	out := &Peaks{Chunks: dist.Num(slices.Max(slices.Collect(maps.Values(chunks))))}
	var inFlight int64
	for _, s := range slices.Sorted(maps.Keys(change)) {
		inFlight += change[s]
		out.Requests = max(out.Requests, inFlight)
	}
	return out
}
