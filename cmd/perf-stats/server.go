package main

import (
	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/servermetrics"
	"perfpipe/internal/stats"
)

// server adds to each load point the metrics of the server and its GPUs.
func (f *flags) server(env *cli.Env, s *stats.Summary) error {
	if f.Metrics == "" {
		return nil
	}
	r, name, closeFile, err := env.Input(f.Metrics, jsonl.Decompress)
	if err != nil {
		return err
	}
	defer closeFile()
	samples, err := servermetrics.Read(r, name)
	if err != nil {
		return fault.Fail("perf-send --metrics-out makes such files", "--metrics: %w", err)
	}
	if !s.AddServer(samples) && len(s.Blocks) > 0 {
		env.Say("--metrics: no sample of %s lies in the time of the records", name)
	}
	return nil
}
