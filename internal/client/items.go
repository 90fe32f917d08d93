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
	if came := rec.Items; came < least {
		kind := record.KindAPI
		if came == 0 {
			kind = record.KindEmpty
		}
		rec.OK = false
		rec.Error = describe(fail(kind, "the answer has %d of the %d %s asked for", came, least, things))
		return
	}
	if d.Op != "embedding" {
		rec.Items = max(rec.Items, asked)
	}
}
