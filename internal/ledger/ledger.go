// Package ledger accounts for the time of requests: how long each part took, from the lateness of the load generator
// through the connection, the network and the server's queue to the last token. It uses what the client measured and
// what the server reports about itself (docs/server-times.md). What neither explains is a part of its own.
//
// [Of] is the account of one request. A [Ledger] collects those of a load point, of which a [Summary] has the means and
// the compositions at percentiles.
//
// It exports more than twenty names because the parts are constants.
package ledger

import (
	"cmp"
	"slices"

	"github.com/cespare/xxhash/v2"

	"perfpipe/internal/record"
	"perfpipe/internal/servertime"
)

// Part is a part of the time of a request.
type Part uint8

// The parts, in the order in which they pass.
const (
	Lag         Part = iota // the load generator was late
	Slot                    // waiting for a slot, in capped mode
	Connection              // name, TCP and TLS, and earlier attempts
	Sending                 // until the kernel had the request
	Network                 // one round trip
	Gateway                 // proxies in front of the server, as they report
	Header                  // until the header of the response, if the server queues the request after it
	Queue                   // in the server, until scheduled
	Load                    // until the model is in memory
	Prefill                 // until the first token
	Decode                  // until the last token
	Server                  // in the server, outside of the parts that it reports
	Unexplained             // the rest
	Parts                   // their number
)

// Names returns the names of the parts.
func Names() [Parts]string {
	return [Parts]string{
		"lag", "wait for a slot", "connection", "sending", "network", "gateway", "until the header", "server queue",
		"model load", "prefill", "decode", "server, other", "unexplained",
	}
}

// Entry is the account of one request, in ms.
type Entry struct {
	Hash  uint64 // of its identity
	EndUs int64  // since the epoch

	TTFT, Latency float32              // 0: there is no account of it
	Parts         [Unexplained]float32 // Server is that until the end of the answer
	ServerFirst   float32              // the same until the first token
}

// Of returns the account of a request. It reports false if its server reports too little, or contradicts the
// client.
func Of(r *record.Record) (e Entry, ok bool) {
	if !r.OK || !r.HasServerTimes() || r.Doubt() != "" {
		return e, false
	}
	first := r.Streamed() && r.Says(record.KeyServerPrefillMs|record.KeyServerTTFTMs|record.KeyServerHeadersMs)
	whole := r.Says(record.KeyServerTotalMs) || r.Says(record.KeyServerDecodeMs) && r.Says(record.KeyServerPrefillMs)
	if !first && !whole {
		return e, false
	}
	e.Hash, e.EndUs = xxhash.Sum64String(r.RunID+"\x00"+r.ID), r.EndUs()
	lag, _ := r.Lag()
	wait := r.ServerQueueMs + r.ServerLoadMs
	toFirst := wait + r.ServerPrefillMs
	switch {
	case r.Says(record.KeyServerTTFTMs) && r.ServerOrigin == record.OriginScheduling:
		e.ServerFirst = float32(max(0, wait+r.ServerTTFTMs-toFirst))
	default: // either includes the parts; the header may have been sent before the first token
		e.ServerFirst = float32(max(0, r.ServerTTFTMs-toFirst, r.ServerHeadersMs-toFirst))
	}
	server := e.ServerFirst
	if r.Says(record.KeyServerTotalMs) {
		total := r.ServerTotalMs
		if r.ServerOrigin == record.OriginScheduling {
			total += wait
		}
		server = float32(max(0, total-toFirst-r.ServerDecodeMs))
	}
	parts := [Unexplained]float64{
		Lag: lag, Slot: r.QueueMs, Connection: r.DNSMs + r.ConnectMs + r.TLSMs + r.StreamWaitMs + r.ResentMs,
		Sending: r.SendMs, Network: cmp.Or(r.RTTMinMs, r.RTTMs), Gateway: r.GatewayMs, Queue: r.ServerQueueMs,
		Load: r.ServerLoadMs, Prefill: r.ServerPrefillMs, Decode: r.ServerDecodeMs, Server: float64(server),
	}
	if first {
		parts[Header] = untilHeader(r, parts[Connection]+parts[Sending]+parts[Network]+parts[Gateway], toFirst)
	}
	for part, ms := range parts {
		e.Parts[part] = float32(ms)
	}
	if first {
		e.TTFT = float32(r.TTFTMs)
	}
	if whole {
		e.Latency = float32(r.LatencyMs)
	}
	return e, true
}

// untilHeader returns the time until the header of a stream, without what passed before the server had the request, if
// that server queues a request after the header. What it reports must then fit between the header and the first token.
func untilHeader(r *record.Record, before, reported float64) float64 {
	if !servertime.HeaderFirst(r.ServerFrom) || r.HeadersMs+reported >= r.TTFTMs {
		return 0
	}
	return max(0, r.HeadersMs-before)
}

// Account is what the parts of an entry add up to.
type Account uint8

// The accounts.
const (
	TTFT     Account = iota // from the send to the first token
	Latency                 // from the send to the end
	response                // from when the request was due
)

// Compose returns the parts of an account and their sum. It reports false if the entry lacks it.
func (e *Entry) Compose(a Account) (parts [Parts]float64, total float64, ok bool) {
	for i, ms := range e.Parts {
		parts[i] = float64(ms)
	}
	total = float64(e.Latency)
	switch a {
	case TTFT:
		total = float64(e.TTFT)
		parts[Lag], parts[Slot], parts[Decode], parts[Server] = 0, 0, 0, float64(e.ServerFirst)
	case Latency:
		parts[Lag], parts[Slot] = 0, 0
	}
	ok = total > 0
	if a == response {
		total += parts[Lag] + parts[Slot]
	}
	parts[Unexplained] = total
	for _, ms := range parts[:Unexplained] {
		parts[Unexplained] -= ms
	}
	return parts, total, ok
}

// Ledger collects entries. The zero value is empty. Beyond a limit it keeps a sample that does not depend on the order.
type Ledger struct {
	entries  []Entry
	halvings int   // one of 2^halvings is kept
	n        int64 // requests with an account
	doubtful int64 // requests whose server contradicts the client
	from     map[string]int64
}

// maxEntries is the limit of the entries that are kept: 18 MB.
const maxEntries = 1 << 18

// Add adds a record.
func (l *Ledger) Add(r *record.Record) {
	if !r.HasServerTimes() {
		return
	}
	e, ok := Of(r)
	if !ok {
		if r.OK && r.Doubt() != "" {
			l.doubtful++
		}
		return
	}
	l.n++
	if r.ServerFrom != "" {
		l.note(r.ServerFrom, 1)
	}
	if e.Hash>>(64-l.halvings) == 0 {
		l.keep(e)
	}
}

func (l *Ledger) note(from string, n int64) {
	if l.from == nil {
		l.from = map[string]int64{}
	}
	l.from[from] += n
}

func (l *Ledger) keep(e Entry) {
	if l.entries = append(l.entries, e); len(l.entries) > maxEntries {
		l.halve(l.halvings + 1)
	}
}

// halve keeps one of 2^halvings.
func (l *Ledger) halve(halvings int) {
	l.halvings = halvings
	l.entries = slices.DeleteFunc(l.entries, func(e Entry) bool { return e.Hash>>(64-halvings) != 0 })
}

// Merge adds the entries of o, which it does not modify.
func (l *Ledger) Merge(o *Ledger) {
	l.n += o.n
	l.doubtful += o.doubtful
	for from, n := range o.from {
		l.note(from, n)
	}
	if o.halvings > l.halvings {
		l.halve(o.halvings)
	}
	for _, e := range o.entries {
		if e.Hash>>(64-l.halvings) == 0 {
			l.keep(e)
		}
	}
}

// Entries returns the entries that are kept, in the order of their ends.
func (l *Ledger) Entries() []Entry {
	out := slices.Clone(l.entries)
	slices.SortFunc(out, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.EndUs, b.EndUs), cmp.Compare(a.Hash, b.Hash))
	})
	return out
}

// State is a Ledger in a form that can be encoded.
type State struct {
	Entries     []Entry
	Halvings    int
	N, Doubtful int64
	From        []string
	FromN       []int64
}

// State returns the state of l.
func (l *Ledger) State() State {
	s := State{Entries: l.Entries(), Halvings: l.halvings, N: l.n, Doubtful: l.doubtful}
	for _, from := range l.sources() {
		s.From, s.FromN = append(s.From, from), append(s.FromN, l.from[from])
	}
	return s
}

// Restore returns the Ledger whose state is s. It reports false if s is not a valid state.
func (s *State) Restore() (l *Ledger, ok bool) {
	l = &Ledger{entries: s.Entries, halvings: s.Halvings, n: s.N, doubtful: s.Doubtful}
	if len(s.From) != len(s.FromN) || s.Halvings < 0 || s.Halvings > 63 {
		return nil, false
	}
	for i, from := range s.From {
		l.note(from, s.FromN[i])
	}
	return l, true
}

// sources returns who reported the times, the most frequent first.
func (l *Ledger) sources() []string {
	names := make([]string, 0, len(l.from))
	for from := range l.from {
		names = append(names, from)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(l.from[b], l.from[a]), cmp.Compare(a, b))
	})
	return names
}
