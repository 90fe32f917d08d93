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
	SessionStart  string       `group:"sessions" enum:"begin,random" default:"begin" help:"Where the first session of each slot starts: begin, or random, as if the run had gone on for a while."`
	SessionLimit  int          `group:"sessions" placeholder:"N" help:"Send at most N requests of each session."`
	SessionHeader cli.Strings  `group:"sessions" placeholder:"NAME" help:"Headers that name the session to the server: of a router (sglang, llm-d, vllm, dynamo, aibrix, litellm), or any. none: no header. Default: X-Session-ID."`
	MaxDelay      cli.Duration `group:"sessions" placeholder:"TIME" help:"Longest wait for a tool or a user between the requests of a session."`
	ToolResults   string       `group:"sessions" enum:"user,skip" default:"user" help:"A tool's result for which the server's reply has no call: send it as a message of the user, or skip the request and what follows from it."`
}

// sessions applies the flags to a configuration.
func (f *flags) sessions(c *bench.Config) error {
	if f.SessionLimit < 0 {
		return fault.Usage("", "--session-limit: %d is below 0", f.SessionLimit)
	}
	c.Sessions = load.SessionOptions{
		MaxDelay: time.Duration(f.MaxDelay), Midway: f.SessionStart == "random", Seed: f.Seed,
		SkipUnanswered: f.ToolResults == "skip",
	}
	return nil
}
