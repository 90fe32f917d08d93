package main

import (
	"testing"

	"perfpipe/internal/record"
)

// The last line tells the turns that were not sent since the one before them failed.
func TestTallyOfTurns(t *testing.T) {
	var all tally
	for turn := 1; turn <= 2; turn++ {
		rec := &record.Record{OK: turn < 2, Turn: turn, Turns: 5}
		if !rec.OK {
			rec.Error = &record.Error{Kind: record.KindHTTP, Message: "HTTP 500: boom"}
		}
		all.add(rec)
	}
	all.add(&record.Record{Error: &record.Error{Kind: record.KindHTTP, Message: "HTTP 500: boom"}})
	if got, want := all.String(), "3 requests: 1 ok, 2 failed (http 2: HTTP 500: boom); turns behind them, not sent: 3"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
