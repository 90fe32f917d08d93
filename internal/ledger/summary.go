package ledger

import (
	"cmp"
	"math"
	"slices"

	"perfpipe/internal/dist"
)

// Summary is the ledger of a load point.
type Summary struct {
	Requests int64    `json:"requests"` // that have an account
	Doubtful int64    `json:"doubtful"` // whose server contradicts the client; they are in no sum
	From     []string `json:"from"`     // who reported the times
	Sample   int64    `json:"sample"`   // accounts that the figures are computed from

	TTFT     *Figures `json:"ttft_ms,omitempty"`
	Latency  *Figures `json:"latency_ms,omitempty"`
	Response *Figures `json:"response_ms,omitempty"`
}

// Figures are the compositions of one account: the mean of all requests, and of those around percentiles.
type Figures struct {
	Mean Composition `json:"mean"`
	P50  Composition `json:"p50"`
	P90  Composition `json:"p90"`
	P99  Composition `json:"p99"`
}

// Composition is the mean of the parts of some requests, in ms. The parts add up to the total.
type Composition struct {
	N           int      `json:"n"` // requests
	Total       dist.Num `json:"total_ms"`
	Lag         dist.Num `json:"lag_ms"`
	Slot        dist.Num `json:"slot_ms"`
	Connection  dist.Num `json:"connection_ms"`
	Sending     dist.Num `json:"sending_ms"`
	Network     dist.Num `json:"network_ms"`
	Gateway     dist.Num `json:"gateway_ms"`
	Header      dist.Num `json:"header_ms"`
	Queue       dist.Num `json:"queue_ms"`
	Load        dist.Num `json:"load_ms"`
	Prefill     dist.Num `json:"prefill_ms"`
	Decode      dist.Num `json:"decode_ms"`
	Server      dist.Num `json:"server_other_ms"`
	Unexplained dist.Num `json:"unexplained_ms"`
}

// Part returns one of the parts.
func (c *Composition) Part(p Part) dist.Num { return *c.fields()[p] }

func (c *Composition) fields() [Parts]*dist.Num {
	return [Parts]*dist.Num{
		&c.Lag, &c.Slot, &c.Connection, &c.Sending, &c.Network, &c.Gateway, &c.Header, &c.Queue, &c.Load, &c.Prefill,
		&c.Decode, &c.Server, &c.Unexplained,
	}
}

// Summary returns the figures of the entries, or nil if there are none.
func (l *Ledger) Summary() *Summary {
	if l.n == 0 && l.doubtful == 0 {
		return nil
	}
	s := &Summary{Requests: l.n, Doubtful: l.doubtful, From: l.sources(), Sample: int64(len(l.entries))}
	s.TTFT, s.Latency, s.Response = figures(l.entries, TTFT), figures(l.entries, Latency), figures(l.entries, response)
	return s
}

// composed is an account of an entry.
type composed struct {
	parts [Parts]float64
	total float64
}

// figures returns the compositions of an account, or nil if no entry has it.
func figures(entries []Entry, a Account) *Figures {
	list := sorted(entries, a)
	if len(list) == 0 {
		return nil
	}
	return &Figures{Mean: mean(list), P50: around(list, 50), P90: around(list, 90), P99: around(list, 99)}
}

// sorted returns the accounts of entries, the shortest first.
func sorted(entries []Entry, a Account) []composed {
	list := make([]composed, 0, len(entries))
	for i := range entries {
		if parts, total, ok := entries[i].Compose(a); ok {
			list = append(list, composed{parts, total})
		}
	}
	slices.SortFunc(list, func(a, b composed) int {
		return cmp.Or(cmp.Compare(a.total, b.total), slices.Compare(a.parts[:], b.parts[:]))
	})
	return list
}

func mean(list []composed) Composition {
	var parts [Parts]float64
	total := 0.0
	for i := range list {
		for p, ms := range list[i].parts {
			parts[p] += ms
		}
		total += list[i].total
	}
	n := float64(len(list))
	c := Composition{N: len(list), Total: dist.Num(total / n)}
	for p, to := range c.fields() {
		*to = dist.Num(parts[p] / n)
	}
	return c
}

// around returns the mean of the requests around a percentile: those whose ranks are at most 2.5 % of all away, or half
// of what is left above it, and at least the request at the percentile itself.
func around(list []composed, p float64) Composition {
	n := float64(len(list))
	half := min(2.5, (100-p)/2) / 100 * n
	at := math.Ceil(p / 100 * n) // the nearest rank, from 1
	from, to := int(math.Ceil(at-half)), int(math.Floor(at+half))
	return mean(list[max(from, 1)-1 : min(to, len(list))])
}
