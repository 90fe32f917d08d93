package cli

import "testing"

// The message about flags that do not belong together is the same in every run.
func TestFirstSet(t *testing.T) {
	for range 20 {
		if got := FirstSet(map[string]bool{"--c": true, "--a": false, "--b": true}); got != "--b" {
			t.Fatalf("got %q, want --b", got)
		}
	}
	if got := FirstSet(map[string]bool{"--a": false}); got != "" {
		t.Errorf("got %q, want none", got)
	}
}
