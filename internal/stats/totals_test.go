package stats

import (
	"testing"

	"perfpipe/internal/record"
)

func TestTotals(t *testing.T) {
	var all, part Totals
	all.Add(&record.Record{OK: true, PromptTokens: 5, CompletionTokens: 7, Items: 2}, true)
	all.Add(&record.Record{PromptTokens: 5, CompletionTokens: 7}, true)
	part.Add(&record.Record{OK: true, PromptTokens: 3, CompletionTokens: -1}, false)
	if want := (Totals{OK: 1, Good: 1, Items: 2, Input: 5, Output: 7}); all != want {
		t.Errorf("%+v, want %+v", all, want)
	}
	both := all.Plus(part)
	if want := (Totals{OK: 2, Good: 1, Items: 2, Input: 8, Output: 7}); both != want {
		t.Errorf("%+v, want %+v", both, want)
	}
	if got := both.Minus(part); got != all {
		t.Errorf("%+v, want %+v", got, all)
	}
}
