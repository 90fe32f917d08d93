package main

import (
	"io"
	"testing"

	"perfpipe/internal/cli"
)

// The configuration of a tracked run has the values of flags, and leaves out those that are not set.
func TestTrackedConfig(t *testing.T) {
	env, gpus := &cli.Env{Stderr: io.Discard}, 4
	set := (&flags{GPUs: &gpus, SLO: cli.Conditions{"ok>=1"}}).trackOptions(env).Config
	if set["gpus"] != 4 || set["slo"] == nil {
		t.Errorf("%v", set)
	}
	unset := (&flags{}).trackOptions(env).Config
	for _, name := range []string{"gpus", "slo", "where", "goodput"} {
		if v, ok := unset[name]; ok {
			t.Errorf("%s: %v", name, v)
		}
	}
}
