package main

import (
	"cmp"
	"errors"
	"fmt"

	"perfpipe/internal/fault"
	"perfpipe/internal/stats"
)

// judge says how far this run's figures can be trusted, and with --strict lets the run fail where they cannot.
func (r *runner) judge() error {
	v := r.loadVerdict()
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
	hint := cmp.Or(r.connHint(), v.Hint())
	if r.simulated {
		hint += "; the simulator shares the CPUs with perf-send, which a server elsewhere does not"
	}
	if r.f.Strict {
		return fault.Fail(hint, "--strict: the load generator was %s", v.Level)
	}
	r.env.Hint("%s", hint)
	return nil
}

// loadVerdict judges the load generator by its records. Its records must be written.
func (r *runner) loadVerdict() stats.Verdict { return r.tally.Verdict(r.records.Blocked()) }

// connHint is the next step if the connection limit delayed most late requests, else "".
func (r *runner) connHint() string {
	switch n := r.tally.ConnLimit(); {
	case n == 0:
		return ""
	case r.f.MaxConns > 0:
		return fmt.Sprintf("all of --max-conns %d connections were in use: raise it, or lower the load", r.f.MaxConns)
	default:
		return fmt.Sprintf("all %d connections that the open files allow were in use: ulimit -n raises it, or lower the load", n)
	}
}

// promptsDiffer reports prompts that the server counted differently. With --strict they are an error.
func (r *runner) promptsDiffer() error {
	notes := r.tally.PromptNotes()
	if len(notes) == 0 {
		return nil
	}
	const hint = "the load differs from the one requested: check the server's context limit (Ollama's num_ctx)"
	for i, note := range notes {
		if r.f.Strict && i == 0 {
			continue
		}
		r.env.Say("%s", note)
	}
	if r.f.Strict {
		return fault.Fail(hint, "--strict: %w", errors.New(notes[0]))
	}
	r.env.Hint("%s", hint)
	return nil
}
