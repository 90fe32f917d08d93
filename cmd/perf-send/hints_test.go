package main

import "testing"

// Each reason of client.Config.Hint has a hint, and nothing else has.
func TestHints(t *testing.T) {
	for _, reason := range []string{
		"wants-tls", "no-tls", "perhaps-no-tls", "untrusted", "unknown-issuer", "wants-cert", "wants-http2", "not-resent",
		"no-http2", "redirected", "too-long", "usage-added", "no-api",
	} {
		if hint(reason) == "" {
			t.Errorf("%s has no hint", reason)
		}
	}
	if hint("") != "" {
		t.Error("no reason has a hint")
	}
}
