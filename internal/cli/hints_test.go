package cli

import (
	"maps"
	"testing"
)

func TestParseHints(t *testing.T) {
	got := ParseHints("# a: comment\n\nneeds-rate: give --rate: 5\nnot-resent: … (--no-resend)\nlast: …; x")
	want := map[string]string{"needs-rate": "give --rate: 5", "not-resent": " (--no-resend)", "last": "; x"}
	if !maps.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
