package main

import (
	"time"

	"perfpipe/internal/bench"
	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/load"
)

// sessionFlags are those of lines that have a session.
type sessionFlags struct {
	SessionStart string       `group:"sessions" enum:"begin,random" default:"begin" help:"Where the first session of each slot starts: begin, or random, as if the run had gone on for a while."`
	SessionLimit int          `group:"sessions" placeholder:"N" help:"Send at most N requests of each session."`
	MaxDelay     cli.Duration `group:"sessions" placeholder:"TIME" help:"Longest wait for a tool or a user between the requests of a session."`
	ToolResults  string       `group:"sessions" enum:"user,skip" default:"user" help:"A tool's result for which the server's reply has no call: send it as a message of the user, or skip the request and what follows from it."`
}

// sessions applies the flags to a configuration.
func (f *flags) sessions(c *bench.Config) error {
	switch {
	case f.SessionLimit < 0:
		return fault.Usage("", "--session-limit: %d is below 0", f.SessionLimit)
	case f.SessionStart == "random" && f.Resume != "":
		return fault.Usage("leave one out", "--session-start: a resumed run does not know which requests were passed")
	}
	for _, p := range c.Points {
		if f.SessionStart == "random" && p.Mode == load.Open {
			return fault.Usage("--parallel N is the number of live sessions, with and without --rate",
				"--session-start: an open loop has no sessions at its start")
		}
	}
	c.Sessions = load.SessionOptions{
		MaxDelay: time.Duration(f.MaxDelay), Midway: f.SessionStart == "random", Seed: f.Seed,
		SkipUnanswered: f.ToolResults == "skip",
	}
	return nil
}
