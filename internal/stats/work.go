package stats

import (
	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// work is what requests achieved.
type work struct {
	ok, good, items int64 // successes; those that meet the limits of goodput; embeddings, or ranked documents
	input, output   int64 // tokens of successes
}

func (w *work) add(r *record.Record, good bool) {
	if !r.OK {
		return
	}
	w.ok++
	if good {
		w.good++
	}
	w.items += metric.Tokens(r.Items)
	w.input += metric.Tokens(r.PromptTokens)
	w.output += metric.Tokens(r.CompletionTokens)
}

// timed returns the work of the requests whose times are known. Rates are of these, since a duration says nothing of
// the others.
func (g *accumulator) timed() work {
	u := &g.untimed
	return work{g.ok - u.ok, g.good - u.good, g.items - u.items, g.input - u.input, g.output - u.output}
}
