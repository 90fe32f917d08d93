package stats

import (
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// Totals are sums over successful requests.
type Totals struct {
	OK            int64 // requests
	Good          int64 // requests that meet the limits of goodput
	Items         int64 // embeddings, or ranked documents
	Input, Output int64 // tokens
}

// Add adds a request, unless it failed.
func (t *Totals) Add(r *record.Record, good bool) {
	if !r.OK {
		return
	}
	t.OK++
	if good {
		t.Good++
	}
	t.Items += metric.Tokens(r.Items)
	t.Input += metric.Tokens(r.PromptTokens)
	t.Output += metric.Tokens(r.CompletionTokens)
}

// Plus returns the sums over the requests of both.
func (t Totals) Plus(o Totals) Totals {
	return Totals{t.OK + o.OK, t.Good + o.Good, t.Items + o.Items, t.Input + o.Input, t.Output + o.Output}
}

// Minus returns the sums over the requests of t that are not among those of o.
func (t Totals) Minus(o Totals) Totals {
	return Totals{t.OK - o.OK, t.Good - o.Good, t.Items - o.Items, t.Input - o.Input, t.Output - o.Output}
}
