package stats

import (
	"math/bits"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// depths collects figures by the depth of requests in their sessions: of depths 1, 2, 3 to 4, 5 to 8, and so on.
type depths [16]*depthSums

// depthSums are the sums of requests of similar depths.
type depthSums struct {
	requests, ok, input, cached, said int64
	dists                             [2]dist.Dist // of depthMetrics
}

// newDepthSums returns sums of no requests, whose distributions keep up to limit values exactly.
func newDepthSums(limit int) *depthSums {
	s := &depthSums{}
	for i := range s.dists {
		s.dists[i].Limit = limit
	}
	return s
}

// depthMetrics are the keys of the metrics of each depth.
func depthMetrics() [2]string { return [2]string{"ttft_ms", "latency_ms"} }

func (d *depths) add(r *record.Record, o *metric.Observation, limit int) {
	depth, _ := r.Graph()
	if r.Session == "" || depth < 1 {
		return
	}
	k := min(bits.Len(uint(depth-1)), len(d)-1)
	if d[k] == nil {
		d[k] = newDepthSums(limit)
	}
	s := d[k]
	if s.requests++; r.OK {
		s.ok++
		s.input += metric.Tokens(r.PromptTokens)
		if r.ReportsCached() {
			s.cached += metric.Tokens(r.CachedTokens)
			s.said++
		}
	}
	for i, key := range depthMetrics() {
		metric.All()[metric.Index(key)].Add(&s.dists[i], o)
	}
}

func (d *depths) merge(o *depths) {
	for k, s := range o {
		if s == nil {
			continue
		}
		if d[k] == nil {
			d[k] = newDepthSums(s.dists[0].Limit)
		}
		to := d[k]
		to.requests, to.ok = to.requests+s.requests, to.ok+s.ok
		to.input, to.cached, to.said = to.input+s.input, to.cached+s.cached, to.said+s.said
		for i := range s.dists {
			to.dists[i].Merge(&s.dists[i])
		}
	}
}

// Depth holds the figures of the requests of some depths.
type Depth struct {
	From     int       `json:"from"` // the least depth
	To       int       `json:"to"`
	Requests int64     `json:"requests"`
	OK       int64     `json:"ok"`
	Input    dist.Num  `json:"input_tokens"` // mean of the successes
	CacheHit dist.Num  `json:"cache_hit"`    // cached ÷ input tokens, if the server reports them
	TTFT     dist.Stat `json:"ttft_ms"`
	Latency  dist.Stat `json:"latency_ms"`
}

// summary returns the figures by depth, or nil if there is only one depth.
func (d *depths) summary() (out []Depth) {
	percentiles := []float64{50, 90, 99}
	scale := func(i int) float64 { return metric.All()[metric.Index(depthMetrics()[i])].Scale }
	for k, s := range d {
		if s == nil {
			continue
		}
		one := Depth{From: 1, To: 1, Requests: s.requests, OK: s.ok, Input: ratio(s.input, s.ok), CacheHit: dist.NaN()}
		if k > 0 {
			one.From, one.To = 1<<(k-1)+1, 1<<k
		}
		if s.said > 0 {
			one.CacheHit = ratio(s.cached, s.input)
		}
		ttft, latency := s.dists[0], s.dists[1]
		one.TTFT, one.Latency = ttft.Stat(percentiles, scale(0)), latency.Stat(percentiles, scale(1))
		out = append(out, one)
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

type depthState struct {
	K                                 int
	Requests, OK, Input, Cached, Said int64
	Dists                             []dist.State
}

func (d *depths) state() (out []depthState) {
	for k, s := range d {
		if s == nil {
			continue
		}
		one := depthState{K: k, Requests: s.requests, OK: s.ok, Input: s.input, Cached: s.cached, Said: s.said}
		for i, name := range depthMetrics() {
			one.Dists = append(one.Dists, s.dists[i].State(name))
		}
		out = append(out, one)
	}
	return out
}

func restoreDepths(all []depthState, limit int) (*depths, error) {
	d := &depths{}
	for _, one := range all {
		if one.K < 0 || one.K >= len(d) || len(one.Dists) != len(depthSums{}.dists) {
			return nil, dist.ErrState
		}
		s := newDepthSums(limit)
		s.requests, s.ok, s.input, s.cached, s.said = one.Requests, one.OK, one.Input, one.Cached, one.Said
		for i := range s.dists {
			if err := s.dists[i].Restore(one.Dists[i]); err != nil {
				return nil, err
			}
		}
		d[one.K] = s
	}
	return d, nil
}
