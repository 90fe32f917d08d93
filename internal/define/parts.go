package define

import (
	mstats "github.com/montanaflynn/stats"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// part returns a time of a request in ms. It reports false if the request has no such time.
type part func(r *record.Record) (ms float64, ok bool)

func ttft(r *record.Record) (float64, bool)      { return r.TTFTMs, r.Streamed() }
func latency(r *record.Record) (float64, bool)   { return r.LatencyMs, r.LatencyMs > 0 }
func lastChunk(r *record.Record) (float64, bool) { return r.LastChunkMs(), r.Streamed() }
func toLast(r *record.Record) (float64, bool)    { return r.LastChunkMs() - r.TTFTMs, r.Streamed() }
func toEnd(r *record.Record) (float64, bool)     { return r.LatencyMs - r.TTFTMs, r.Streamed() }

// lastOutput is the last chunk. It is the latency of an answer that is not streamed.
func lastOutput(r *record.Record) (float64, bool) {
	if r.Streamed() {
		return lastChunk(r)
	}
	return latency(r)
}

// contentTTFT excludes reasoning. It is the TTFT if the answer has no reasoning.
func contentTTFT(r *record.Record) (float64, bool) {
	if r.ReasoningTTFTMs > 0 {
		return r.ContentTTFTMs, r.ContentTTFTMs > 0
	}
	return ttft(r)
}

// instant returns the metric of a part of each successful request.
func instant(key, name string, p part) metric.Metric {
	add := func(d *dist.Dist, r *metric.Observation) bool {
		ms, ok := p(r.Record)
		return !r.OK || !ok || d.Add(metric.Micro(ms))
	}
	return metric.Metric{Key: key, Name: name, Scale: metric.Microseconds, Add: add}
}

// perToken returns the metric of a part divided by the number of tokens, less the first skip ones. A part that skips
// any begins with the first chunk, so only streamed tokens count.
func perToken(key, name string, p part, skip int) metric.Metric {
	add := func(d *dist.Dist, r *metric.Observation) bool {
		ms, ok := p(r.Record)
		n, known := r.CompletionTokens, true
		if skip > 0 {
			n, known = r.StreamedTokens()
		}
		n -= skip
		return !r.OK || !ok || !known || n < 1 || d.Add(metric.Whole(ms/float64(n)*metric.Nanoseconds))
	}
	return metric.Metric{Key: key, Name: name, Scale: metric.Nanoseconds, Add: add}
}

// addGaps adds the gaps between chunks.
func addGaps(d *dist.Dist, r *metric.Observation) bool { return !r.OK || d.AddAll(r.GapUs) }

// addZeroGaps adds the gap before each chunk, and a gap of zero for each further token of the chunk. If the token
// counts of the chunks are unknown, each chunk counts as one token.
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

// nearest returns the nearest-rank percentile.
func nearest(sorted mstats.Float64Data, p float64) float64 {
	v, _ := mstats.PercentileNearestRank(sorted, p) // fails only without values
	return v
}

// linear returns the percentile interpolated between the two nearest ranks, as numpy does.
func linear(sorted mstats.Float64Data, p float64) float64 {
	v, _ := mstats.Percentile(sorted, p)
	return v
}
