package client

import (
	"perfpipe/internal/api"
	"perfpipe/internal/record"
)

// checkItems compares the number of items that were received with those of the request. A ranking may have the best
// documents only; all of them were ranked.
func checkItems(rec *record.Record, d *api.Dialect, body []byte) {
	asked, least := d.Items(body)
	things := "results"
	if d.Op == "embedding" {
		things = "embeddings"
	}
	came, want, kind, words := rec.Items, least, record.KindAPI, "of the"
	switch {
	case came == 0 && least > 0:
		kind = record.KindEmpty
	case came > asked && asked > 0 && d.Op != "score": // which may be of all pairs
		want, words = asked, "instead of the"
	case came >= least:
		kind = ""
	}
	if kind != "" {
		rec.OK = false
		rec.Error = describe(fail(kind, "the answer has %d %s %d %s asked for", came, words, want, things))
		return
	}
	if d.Op != "embedding" {
		rec.Items = max(rec.Items, asked)
	}
}
