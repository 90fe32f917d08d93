// Package servertime reads what inference servers, and the proxies in front of them, report of their own times for one
// request: in a member of the answer's body, or in fields of its header.
//
// A [Place] describes where one server reports them, in which unit, and from when they count. A [Table] has the places
// of a dialect. [Times] merges what the events and the header of one answer report. The package does not judge whether
// the values are plausible.
//
// It exports more than twenty names because the terms are constants.
package servertime

import (
	"math"
	"slices"
	"strings"
)

// Term is one of the values that are reported. Times are in ms.
type Term uint8

// The terms.
const (
	Queue    Term = iota // waiting until it was scheduled
	Load                 // waiting for the model to be in memory
	Prefill              // from scheduling to the first token
	TTFT                 // to the first token
	Decode               // from the first token to the last
	ITL                  // the mean gap between two tokens
	Total                // of the whole request
	Header               // until the header of the response, which for a whole answer is the total
	Gateway              // what proxies in front of the server took themselves
	Draft                // tokens that a draft model or the request proposed
	Accepted             // those of Draft that the model accepted

	// These serve to compute others.
	Rejected     // the rest of Draft
	Cached       // tokens of the prompt that were not evaluated
	Evaluated    // the others
	Generated    // tokens
	PrefillBegin // an instant, in ms
	PrefillEnd   // likewise
	terms
)

// Times are the values that one answer reported.
type Times struct {
	From  string // the server, in lower case; empty: none
	Proxy string // the proxies, with commas between them

	// Scheduled reports that TTFT and Total count from when the request was scheduled, not from when it was received.
	Scheduled bool

	has   [terms]bool
	value [terms]float64
}

// Get returns the value of a term, if it was reported.
func (t *Times) Get(term Term) (v float64, ok bool) { return t.value[term], t.has[term] }

// Set sets the value of a term. It ignores what a record cannot hold: NaN and infinities.
func (t *Times) Set(term Term, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	t.value[term], t.has[term] = v, true
}

// add adds to the value of a term.
func (t *Times) add(term Term, v float64) { t.Set(term, t.value[term]+v) }

// Empty reports whether nothing was reported.
func (t *Times) Empty() bool { return t.has == [terms]bool{} }

// Sources returns the names of the server and the proxies, with commas between them.
func (t *Times) Sources() string {
	if t.From == "" || t.Proxy == "" {
		return t.From + t.Proxy
	}
	return t.From + "," + t.Proxy
}

// HeaderFirst reports whether the first of sources, as [Times.Sources] returns them, sends the header of a stream
// before it queues the request, so that what it reports came after the header. vLLM does: measured with stamps in its
// code.
func HeaderFirst(sources string) bool {
	server, _, _ := strings.Cut(sources, ",")
	return server == "vllm"
}

// Merge adds what a later event, or the header, reports: its values replace those of the same terms. Those of a proxy,
// or of another server, do not replace the server's. What several proxies took adds up.
func (t *Times) Merge(o *Times) {
	foreign := t.From != "" && o.From != t.From && (o.From != "" || o.Proxy != "")
	for term := range terms {
		switch {
		case !o.has[term]:
		case term == Gateway && o.Proxy != "": // one proxy behind the other
			t.add(term, o.value[term])
		case foreign && (t.has[term] || term == Total && t.Scheduled != o.Scheduled):
		default:
			t.Set(term, o.value[term])
		}
	}
	if t.From == "" && o.From != "" {
		t.From, t.Scheduled = o.From, o.Scheduled
	}
	if foreign {
		t.also(o.From)
	}
	t.also(o.Proxy)
}

// also adds the name of a proxy, or of another server.
func (t *Times) also(name string) {
	switch {
	case name == "" || slices.Contains(strings.Split(t.Proxy, ","), name):
	case t.Proxy == "":
		t.Proxy = name
	default:
		t.Proxy += "," + name
	}
}

// derive computes the terms that follow from others of the same place.
func (t *Times) derive() {
	if t.has[PrefillBegin] && t.has[PrefillEnd] {
		t.Set(Prefill, t.value[PrefillEnd]-t.value[PrefillBegin])
	}
	if t.has[TTFT] && t.Scheduled && !t.has[Prefill] { // from scheduling to the first token: by definition
		t.Set(Prefill, t.value[TTFT])
	}
	if t.has[TTFT] && t.has[Total] && !t.has[Decode] {
		t.Set(Decode, t.value[Total]-t.value[TTFT])
	}
	if t.has[ITL] && t.has[Generated] && !t.has[Decode] && t.value[Generated] >= 1 {
		t.Set(Decode, t.value[ITL]*(t.value[Generated]-1))
	}
	if t.has[Rejected] && t.has[Accepted] && !t.has[Draft] {
		t.Set(Draft, t.value[Accepted]+t.value[Rejected])
	}
}
