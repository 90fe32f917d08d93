package dataset

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"perfpipe/internal/dataset/body"
)

// The number is that of sessions. Those of a seed are the same whatever their number, share a unique
// prefix within a session, and repeat under other names.
func TestAgent(t *testing.T) {
	lines := func(number int64, repeat int, unique bool) []string {
		o := &Options{Number: number, Seed: 4, Repeat: repeat,
			Args: []byte(`{"calls":5,"system":20,"task":10,"new":5,"answer":3,"fork_share":0.3,"fork_calls":2}`)}
		all, errs := gather(t, "agent", o, &body.Shape{Seed: 4, UniquePrefix: unique})
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		return all
	}
	sessions := func(all []string) map[string]bool {
		names := map[string]bool{}
		for _, l := range all {
			names[gjson.Get(l, "session").Str] = true
		}
		return names
	}
	three, two := lines(3, 1, false), lines(2, 1, false)
	if len(sessions(three)) != 3 || strings.Join(three[:len(two)], "\n") != strings.Join(two, "\n") {
		t.Errorf("%d sessions, or others for another number", len(sessions(three)))
	}
	if twice := lines(2, 2, false); len(twice) != 2*len(two) || len(sessions(twice)) != 4 {
		t.Errorf("%d lines of %d sessions in two passes", len(twice), len(sessions(twice)))
	}
	prefixes := map[string]string{}
	for _, l := range lines(3, 1, true) {
		if gjson.Get(l, "history").Exists() {
			continue
		}
		words := strings.Fields(gjson.Get(l, "body.messages.0.content").Str)[:8]
		prefix, session := strings.Join(words, " "), gjson.Get(l, "session").Str
		if have, ok := prefixes[session]; ok && have != prefix {
			t.Errorf("%s begins with %q and %q", session, have, prefix)
		}
		prefixes[session] = prefix
	}
	if len(prefixes) != 3 || prefixes["agent-0"] == prefixes["agent-1"] {
		t.Errorf("prefixes %q", prefixes)
	}
}
