package metric

import (
	"perfpipe/internal/dist"
	"perfpipe/internal/record"
)

// streamed returns an Add function for a duration in ms of successful, streamed answers. Zero means absent.
func streamed(ms func(*record.Record) float64) func(*dist.Dist, *Observation) bool {
	return func(d *dist.Dist, o *Observation) bool {
		v := ms(o.Record)
		return !o.OK || v == 0 || d.Add(Micro(v))
	}
}

// ofDepth returns an Add function for the TTFT of the requests of sessions whose depths which selects.
func ofDepth(which func(int) bool) func(*dist.Dist, *Observation) bool {
	return func(d *dist.Dist, o *Observation) bool {
		if !o.OK || o.TTFTMs == 0 {
			return true
		}
		depth, _ := o.Graph()
		return !which(depth) || d.Add(Micro(o.TTFTMs))
	}
}

// count returns an Add function for a count of successful answers. A zero counts only if the record states it by its
// key.
func count(key record.Keys, n func(*record.Record) int) func(*dist.Dist, *Observation) bool {
	return func(d *dist.Dist, o *Observation) bool {
		v := n(o.Record)
		return !o.OK || v == 0 && !o.Says(key) || d.Add(int64(v))
	}
}

func addCached(d *dist.Dist, o *Observation) bool {
	none := o.CachedTokens == 0 && !o.Says(record.KeyCachedTokens)
	return !o.OK || none || o.ReportsCached() && d.Add(int64(o.CachedTokens))
}

// addTPOT adds the time per output token.
func addTPOT(d *dist.Dist, o *Observation) bool {
	return !o.OK || o.HiddenTokens >= 0 && (!o.HasTPOT || d.Add(Whole(o.TPOTMs*Nanoseconds)))
}

// addITL adds the gaps between tokens. If the token counts of the chunks are known, the gap before a chunk is divided
// among its tokens, in integers of µs whose sum is the gap. An answer that arrived in one piece has no gaps,
// nor have several answers in one, whose tokens interleave.
func addITL(d *dist.Dist, o *Observation) bool {
	if !o.OK {
		return true
	}
	if o.InOnePiece || o.HiddenUnknown == record.HiddenSeveral {
		return Plausible(o.ChunkTokens)
	}
	if len(o.ChunkTokens) != len(o.GapUs)+1 {
		return d.AddAll(o.GapUs)
	}
	if !Plausible(o.ChunkTokens) {
		d.AddAll(o.GapUs)
		return false
	}
	ok := true
	for i, gap := range o.GapUs {
		if o.ChunkTokens[i+1] < 2 {
			ok = d.Add(gap) && ok
			continue
		}
		n := int64(o.ChunkTokens[i+1])
		ok = d.AddN(gap/n, n-gap%n) && d.AddN(gap/n+1, gap%n) && ok
	}
	return ok
}

// addLatency adds the time from the send to the end of a successful answer.
func addLatency(d *dist.Dist, o *Observation) bool {
	return !o.OK || o.LatencyMs == 0 && !o.Says(record.KeyLatencyMs) || d.Add(Micro(o.LatencyMs))
}

// addResponse adds the time from due to the end of the answer. A failure is +∞, since its answer never arrived.
func addResponse(d *dist.Dist, o *Observation) bool {
	if !o.OK {
		d.AddInf()
		return true
	}
	return o.LatencyMs == 0 && !o.Says(record.KeyLatencyMs) || d.Add(Micro(o.ResponseMs())) && o.QueueMs >= 0
}

// addLag adds the delay of the load generator.
func addLag(d *dist.Dist, o *Observation) bool {
	ms, ok := o.Lag()
	return !ok || d.Add(Micro(ms))
}

// addQueue adds the time that a request waited for a slot, which only capped load has.
func addQueue(d *dist.Dist, o *Observation) bool {
	return o.Mode != "capped" || d.Add(Micro(o.QueueMs))
}

// addConnect adds the total time to open a new connection: DNS, TCP and TLS.
func addConnect(d *dist.Dist, o *Observation) bool {
	v := o.DNSMs + o.ConnectMs + o.TLSMs
	return o.Reused || v == 0 || d.Add(Micro(v))
}

// addOutputTokens adds the number of output tokens. A zero counts only if the record states it or its source.
func addOutputTokens(d *dist.Dist, o *Observation) bool {
	known := o.CompletionTokens != 0 ||
		Generates(o.Record) && (o.TokensFrom != "" || o.Says(record.KeyCompletionTokens))
	return !o.OK || !known || d.Add(int64(o.CompletionTokens))
}

// addUserSpeed adds the rate at which one user receives tokens: 1000/TPOT, in tokens/s.
func addUserSpeed(d *dist.Dist, o *Observation) bool {
	if !o.OK || !o.HasTPOT || o.TPOTMs <= 0 {
		return true
	}
	return d.Add(Whole(min(1000/o.TPOTMs, 1e8) * Thousandths))
}
