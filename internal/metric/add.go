package metric

import (
	"perfpipe/internal/dist"
	"perfpipe/internal/record"
)

// streamed adds a duration of streamed, successful answers. Zero means absent.
func streamed(ms func(*record.Record) float64) func(*dist.Dist, *Observation) bool {
	return func(d *dist.Dist, o *Observation) bool {
		v := ms(o.Record)
		return !o.OK || v == 0 || d.Add(Micro(v))
	}
}

// ofTurn adds the TTFT of some turns of conversations.
func ofTurn(which func(int) bool) func(*dist.Dist, *Observation) bool {
	return func(d *dist.Dist, o *Observation) bool {
		return !o.OK || o.TTFTMs == 0 || !which(o.Turn) || d.Add(Micro(o.TTFTMs))
	}
}

// count adds a count of successful answers, if it is known: not zero, or a zero that the record states.
func count(key record.Keys, n func(*record.Record) int) func(*dist.Dist, *Observation) bool {
	return func(d *dist.Dist, o *Observation) bool {
		v := n(o.Record)
		return !o.OK || v == 0 && !o.Says(key) || d.Add(int64(v))
	}
}

func addTPOT(d *dist.Dist, o *Observation) bool {
	return !o.OK || !o.HasTPOT || d.Add(Whole(o.TPOTMs*Nanoseconds))
}

// addITL adds the gaps. If the tokens of each chunk are known, a gap is shared over the tokens of the chunk that ends it,
// in integers of µs whose sum is the gap. A stream that arrived in one piece has none.
func addITL(d *dist.Dist, o *Observation) bool {
	if !o.OK {
		return true
	}
	if o.InOnePiece {
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

func addLatency(d *dist.Dist, o *Observation) bool {
	return !o.OK || o.LatencyMs == 0 && !o.Says(record.KeyLatencyMs) || d.Add(Micro(o.LatencyMs))
}

// addResponse counts a failure as +∞: its answer never came.
func addResponse(d *dist.Dist, o *Observation) bool {
	if !o.OK {
		d.AddInf()
		return true
	}
	return o.LatencyMs == 0 && !o.Says(record.KeyLatencyMs) || d.Add(Micro(o.ResponseMs()))
}

func addLag(d *dist.Dist, o *Observation) bool {
	ms, ok := o.Lag()
	return !ok || d.Add(Micro(ms))
}

// addQueue is for capped load: only there a request waits for a slot.
func addQueue(d *dist.Dist, o *Observation) bool {
	return o.Mode != "capped" || d.Add(Micro(o.QueueMs))
}

// addConnect adds the whole cost of a new connection.
func addConnect(d *dist.Dist, o *Observation) bool {
	v := o.DNSMs + o.ConnectMs + o.TLSMs
	return o.Reused || v == 0 || d.Add(Micro(v))
}

func addOutputTokens(d *dist.Dist, o *Observation) bool {
	known := o.CompletionTokens != 0 ||
		Generates(o.Record) && (o.TokensFrom != "" || o.Says(record.KeyCompletionTokens))
	return !o.OK || !known || d.Add(int64(o.CompletionTokens))
}

// addUserSpeed adds the rate at which one user receives tokens, 1000/TPOT tokens/s.
func addUserSpeed(d *dist.Dist, o *Observation) bool {
	if !o.OK || !o.HasTPOT || o.TPOTMs <= 0 {
		return true
	}
	return d.Add(Whole(min(1000/o.TPOTMs, 1e8) * Thousandths))
}
