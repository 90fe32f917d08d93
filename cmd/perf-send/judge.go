package main

import (
	"cmp"

	"perfpipe/internal/fault"
	"perfpipe/internal/stats"
)

// judge says how far this run's figures can be trusted, and with --strict lets the run fail where they cannot.
func (r *runner) judge() error {
	v := r.sink.verdict()
	if v.Level == stats.Unknown {
		return nil
	}
	if v.Level == stats.Clean {
		if v.Reason != "" {
			r.env.Say("load generator: clean; %s", v.Reason)
			return nil
		}
		r.env.Say("load generator: clean")
		return nil
	}
	r.env.Say("load generator: %s: %s", v.Level, v.Reason)
	hint := cmp.Or(r.full.hint(r.f.MaxConns), v.Hint())
	if r.simulated {
		hint += "; the simulator shares the CPUs with perf-send, which a server elsewhere does not"
	}
	if r.f.Strict {
		return fault.Fail(hint, "--strict: the load generator was %s", v.Level)
	}
	r.env.Hint("%s", hint)
	return nil
}
