package bench

import (
	"cmp"
	"errors"

	"perfpipe/internal/fault"
	"perfpipe/internal/progress"
	"perfpipe/internal/recordfile"
	"perfpipe/internal/stats"
	"perfpipe/internal/visible"
)

// verdict reports how the run ended, with the verdict v on the load generator, and returns its error.
func (r *runner) verdict(v stats.Verdict, err error) error {
	switch bad, others := r.feed.Skipped(); {
	case others > 0:
		r.Say("%d bad lines were skipped, and %d other lines of their sessions", bad, others)
	case bad > 0:
		r.Say("%d bad lines were skipped", bad)
	}
	if n := r.tally.Short(); n > 0 {
		r.Say("%d answers are shorter than max_tokens despite ignore_eos: the load was not the one intended", n)
	}
	if r.client.DroppedNone() && r.Server.Launch.API == "" && r.engine.Counts.Requests.Load() > 0 {
		r.Tell("drop-params", "", "had no effect: no body has any of them")
	}
	r.sessionsEnded()
	r.spansEnded()
	ok, failed := r.tally.Counts()
	switch {
	case ok+failed == 0 && err != nil:
		return err
	case ok+failed == 0 && r.engine.Counts.Done.Load() > 0: // an earlier run had sent all there were
		r.Say("nothing is left to send")
		return r.missed
	case ok+failed == 0:
		return fault.Of("", "no-requests", "no requests in the input")
	case ok == 0 && err == nil:
		return fault.Of("", "all-failed", "%s", &r.tally)
	}
	var judged error
	if err == nil && r.missed == nil {
		judged = cmp.Or(r.judge(v), r.promptsDiffer())
	}
	r.Say("%s", &r.tally)
	if !errors.As(err, new(*recordfile.LostError)) {
		r.showNext()
	}
	return cmp.Or(err, r.missed, judged)
}

// showNext names the commands that show the figures.
func (r *runner) showNext() {
	shown := r.folder
	if r.Output.Terminal && r.Output.Records != "-" {
		shown = cmp.Or(shown, r.Output.Records)
	}
	switch {
	case shown != "":
		r.Hint(r.next("figures"), visible.Shell(shown))
	case r.Output.Counted:
		if _, ttft := r.tally.Running(); ttft > 0 {
			r.Say("TTFT p50 %s ms of the latest answers", progress.Milliseconds(ttft))
		}
		r.Hint("%s", r.next("counted"))
	}
}

// judge reports how far the figures of the run can be trusted. If the run is strict, it returns an error if they
// cannot.
func (r *runner) judge(v stats.Verdict) error {
	switch {
	case v.Level == stats.Unknown:
		return nil
	case v.Level == stats.Clean && v.Reason != "":
		r.Tell("", v.Cause(), "load generator: clean; %s", v.Reason)
		return nil
	case v.Level == stats.Clean:
		r.Say("load generator: clean")
		return nil
	}
	r.Say("load generator: %s: %s", v.Level, v.Reason)
	cause := v.Cause()
	switch {
	case cause == "sent-twice" && r.Client.Retries > 0:
		cause = "retried"
	case cause == "no-connection" && r.MaxConns == 0:
		cause = "few-files"
	}
	hint := r.next(cause)
	if r.simulates() {
		hint += "; the simulator shares the CPUs with perf-send, which a server elsewhere does not"
	}
	if r.Strict {
		return &fault.Error{Code: fault.CodeFail, Setting: "strict", Hint: hint,
			Err: errors.New("the load generator is " + v.Level + ", not clean")}
	}
	r.Hint("%s", hint)
	return nil
}

// promptsDiffer reports prompts that the server counted differently. If the run is strict, they are an error.
func (r *runner) promptsDiffer() error {
	notes := r.tally.PromptNotes()
	if len(notes) == 0 {
		return nil
	}
	for i, note := range notes {
		if !r.Strict || i > 0 {
			r.Say("%s", note)
		}
	}
	if r.Strict {
		return fault.Of("strict", "prompts-differ", "%s", notes[0])
	}
	r.Hint("%s", r.next("prompts-differ"))
	return nil
}

// next returns the command's text for a reason, or "".
func (r *runner) next(reason string) string {
	if r.Client.Hint == nil {
		return ""
	}
	return r.Client.Hint(reason)
}
