package define

import (
	mstats "github.com/montanaflynn/stats"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

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

// perToken is that of a part divided by the tokens except the first but. Of a part that begins with the first chunk
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
