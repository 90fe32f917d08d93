package cli

import "testing"

func TestHints(t *testing.T) {
	hints := Hints("# a: comment\n\nneeds-rate: give --rate: 5\nnot-resent: … (--no-resend)\nlast: …; x")
	for reason, want := range map[string]string{
		"needs-rate": "give --rate: 5", "not-resent": " (--no-resend)", "last": "; x", "# a": "", "": "", "other": "",
	} {
		if got := hints(reason); got != want {
			t.Errorf("%q: %q, want %q", reason, got, want)
		}
	}
}
