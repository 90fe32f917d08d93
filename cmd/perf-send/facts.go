package main

import (
	"errors"
	"time"

	"github.com/goccy/go-json"

	"perfpipe/internal/cli"
	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/launch"
	"perfpipe/internal/load"
	"perfpipe/internal/search"
	"perfpipe/internal/shard"
	"perfpipe/internal/stats"
	"perfpipe/internal/tally"
)

// runFacts describe a run as a whole, for --facts-out.
type runFacts struct {
	facts.Facts
	Server *serverFacts   `json:"server,omitempty"` // of --api local*
	Search *searchFacts   `json:"search,omitempty"`
	Knee   *search.Ladder `json:"knee,omitempty"`
	Clock  *shard.Clock   `json:"clock,omitempty"`
}

// begin records what is known before the load.
func (f *runFacts) begin(env *cli.Env, part load.Shard) {
	f.Facts = facts.Start(env.Name, env.Args, cli.Version())
	f.Shard = part.String()
}

// end records how the run ended.
func (f *runFacts) end(t *tally.Tally, v stats.Verdict, err error) {
	f.Ended = time.Now()
	f.Interrupted = errors.Is(err, fault.ErrInterrupted)
	f.OK, f.Failed = t.Counts()
	f.Requests, f.Errors = f.OK+f.Failed, t.Errors()
	f.Verdict, f.Reason = v.Level, v.Reason
}

type serverFacts struct {
	API   string `json:"api"`
	Model string `json:"model"`
	Log   string `json:"log"`
	launch.Memory
}

// write writes the facts to path, unless it is empty.
func (f *runFacts) write(env *cli.Env, path string) error {
	if path == "" {
		return nil
	}
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	if err := env.WriteFile(path, append(b, '\n')); err != nil {
		return fault.Fail("", "--facts-out: %w", err)
	}
	return nil
}
