package main

import (
	"cmp"
	"errors"
	"fmt"

	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/progress"
	"perfpipe/internal/stats"
)

// verdict reports how the run ended, with the verdict v on the load generator, and returns its error.
func (r *runner) verdict(v stats.Verdict, err error) error {
	n := r.feed.Skipped()
	if n > 0 {
		r.env.Say("%d bad lines were skipped", n)
	}
	if n := r.tally.Short(); n > 0 {
		r.env.Say("%d answers are shorter than max_tokens despite ignore_eos: the load was not the one intended", n)
	}
	ok, failed := r.tally.Counts()
	switch {
	case ok+failed == 0 && err != nil:
		return err
	case ok+failed == 0 && r.engine.Counts.Done.Load() > 0: // --resume passed over all there were
		r.env.Say("nothing is left to send")
		return r.missed
	case ok+failed == 0:
		return fault.Fail("perf-gen makes request lines", "no requests in the input")
	case ok == 0 && err == nil:
		return fault.Fail("perf-stats shows the kinds of errors; --debug shows each exchange", "%s", &r.tally)
	}
	var judged error
	if err == nil && r.missed == nil {
		judged = cmp.Or(r.judge(v), r.promptsDiffer())
	}
	r.env.Say("%s", &r.tally)
	switch shown := cmp.Or(r.f.folder, r.f.Output); {
	case r.f.folder != "" || r.env.TTY && shown != "" && shown != "-":
		r.env.Hint("perf-stats %s shows the figures, perf-plot -o report.html %[1]s draws them",
			facts.Quote([]string{shown}))
	case r.summary:
		if _, ttft := r.tally.Running(); ttft > 0 {
			r.env.Say("TTFT p50 %s ms of the latest answers", progress.Milliseconds(ttft))
		}
		r.env.Hint("| perf-stats shows all figures, -o FILE keeps the records, -o - prints them here")
	}
	return cmp.Or(err, r.missed, judged)
}

// judge reports how far the figures of the run can be trusted. With --strict it returns an error if they cannot.
func (r *runner) judge(v stats.Verdict) error {
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

// connHint returns the next step if the connection limit delayed most late requests, else "".
func (r *runner) connHint() string {
	switch n := r.tally.ConnLimit(); {
	case n == 0:
		return ""
	case r.f.MaxConns > 0:
		return fmt.Sprintf("all of --max-conns %d connections were in use: raise it, or lower the load", r.f.MaxConns)
	default:
		return fmt.Sprintf(
			"all %d connections that the open files allow were in use: ulimit -n raises it, or lower the load", n)
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
