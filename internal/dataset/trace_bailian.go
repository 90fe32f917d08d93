package dataset

import (
	"github.com/tidwall/gjson"
)

// bailianLine converts a line of Alibaba Bailian's traces: times in seconds, hashes of blocks of 16 tokens.
func bailianLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	for _, key := range []string{"type", "turn"} {
		if l := v.Get(key); l.Exists() {
			t.label(it, key, l.String())
		}
	}
	return t.hashedItem(it, v, 1000)
}
