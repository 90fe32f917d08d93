package main

import (
	"github.com/goccy/go-json"

	"llmperf/internal/cli"
	"llmperf/internal/launch"
)

// facts are what belongs to a whole run, for --facts-out.
type facts struct {
	Server *serverFacts `json:"server,omitempty"` // of --api local*
	Search *searchFacts `json:"search,omitempty"`
	Knee   *kneeFacts   `json:"knee,omitempty"`
	RunID  string       `json:"run_id,omitempty"`
	Shard  string       `json:"shard,omitempty"`
	Clock  *clockFacts  `json:"clock,omitempty"`
}

type serverFacts struct {
	API   string `json:"api"`
	Model string `json:"model"`
	Log   string `json:"log"`
	launch.Memory
}

// write makes the file, if one is wanted.
func (f facts) write(env *cli.Env, path string) error {
	if path == "" {
		return nil
	}
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	out := env.Create(path)
	if _, err := out.Write(append(b, '\n')); err != nil {
		out.Abort()
		return cli.Fail("", "--facts-out: %w", err)
	}
	if err := out.Commit(); err != nil {
		return cli.Fail("", "--facts-out: %w", err)
	}
	return nil
}
