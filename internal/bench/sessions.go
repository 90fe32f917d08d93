package bench

import (
	"errors"
	"slices"

	"perfpipe/internal/client"
)

// sessionsEnded reports what became of the requests of sessions that have no record, and settings without effect.
func (r *runner) sessionsEnded() {
	n := &r.engine.Counts.Sessions
	for _, fact := range []struct {
		setting string
		n       int64
		text    string
	}{
		{"", n.Unsent.Load(), "requests of sessions that were not due before the end, not sent: %d"},
		{"session-start", n.Passed.Load(), "requests before the points where sessions started, not sent: %d"},
		{"session-limit", r.feed.Limited(), "requests of sessions left out: %d"},
		{"tool-results", n.Unanswered.Load(),
			"requests skipped, since the reply has no call for a result of theirs, and those after them: %d"},
		{"", n.AsUser.Load(), "results of tools sent as messages of the user, since the reply has no call for them: %d"},
		{"", n.Empty.Load(), "calls of replies that got an empty result, since the line has none for them: %d"},
	} {
		if fact.n > 0 {
			r.Tell(fact.setting, "", fact.text, fact.n)
		}
	}
	if n.Begun.Load() > 0 || r.engine.Counts.Requests.Load() == 0 {
		return
	}
	for _, s := range []struct {
		setting string
		given   bool
	}{
		{"session-start", r.Sessions.Midway}, {"session-limit", r.Input.Limit > 0}, {"max-delay", r.Sessions.MaxDelay > 0},
		{"tool-results", r.Sessions.SkipUnanswered}, {"speedup", r.spedUp()},
		{"session-header", r.ownHeaders()},
	} {
		if s.given {
			r.Tell(s.setting, "", "had no effect: the input has no sessions")
		}
	}
}

// ownHeaders reports whether requests of sessions were to have other fields than the default.
func (r *runner) ownHeaders() bool {
	names, _ := client.SessionHeaders(nil)
	return len(r.Client.SessionHeaders) > 0 && !slices.Equal(r.Client.SessionHeaders, names)
}

// spedUp reports whether the delays of sessions alone were to be shorter.
func (r *runner) spedUp() bool {
	for _, p := range r.Points {
		if p.Speedup != 0 && p.Speedup != 1 && !p.Trace {
			return true
		}
	}
	return false
}

// spansEnded completes the export of spans.
func (r *runner) spansEnded() {
	if r.Spans == nil {
		return
	}
	made, lost, err := r.Spans.Close()
	if lost == 0 {
		r.Tell("otlp", "", "%d spans", made)
		return
	}
	if err == nil {
		err = errors.New("the receiver was too slow")
	}
	reason := "otlp-lost"
	if r.Output.Spans != "" { // its hint is about collectors
		reason = ""
	}
	r.Tell("otlp", reason, "%d of %d spans were lost: %v", lost, made, err)
}
