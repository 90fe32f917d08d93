package main

import (
	"strings"
	"time"

	"perfpipe/internal/bench"
	"perfpipe/internal/cli"
	"perfpipe/internal/client"
	"perfpipe/internal/fault"
	"perfpipe/internal/load"
	"perfpipe/internal/request"
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

// sessionHeaders reads --session-header.
func (f *flags) sessionHeaders() (names []string, err error) {
	switch {
	case len(f.SessionHeader) == 0:
		return []string{client.DefaultSessionHeader}, nil
	case len(f.SessionHeader) == 1 && f.SessionHeader[0] == "none":
		return nil, nil
	}
	for _, word := range strings.Split(strings.Join(f.SessionHeader, ","), ",") {
		name, ok := client.SessionHeaderOf(word)
		if !ok {
			if name = word; !strings.Contains(word, "-") {
				return nil, fault.Usage("such as X-Session-ID, or sglang, llm-d, vllm, dynamo, aibrix, litellm, none",
					"--session-header: %q is neither a router nor the name of a header", word)
			}
		}
		if err := request.CheckHeader(name, ""); err != nil {
			return nil, fault.Usage("", "--session-header: %w", err)
		}
		names = append(names, name)
	}
	return names, nil
}
