package main

import (
	"strconv"

	"perfpipe/internal/cli"

	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/metrics"
	"perfpipe/internal/stats"
	"perfpipe/internal/table"
)

// server sets what the server and its GPUs said of themselves beside each load point.
func (f *flags) server(env *cli.Env, s *stats.Summary) error {
	if f.Metrics == "" {
		return nil
	}
	r, name, closeFile, err := env.Input(f.Metrics, jsonl.Decompress)
	if err != nil {
		return err
	}
	defer closeFile()
	samples, err := metrics.Read(r, name)
	if err != nil {
		return fault.Fail("perf-send --metrics-out makes such files", "--metrics: %w", err)
	}
	found := false
	for i := range s.Blocks {
		b := &s.Blocks[i]
		b.Server = metrics.Over(samples, b.FirstScheduledUs, b.LastEndUs)
		found = found || b.Server != nil
	}
	if !found && len(s.Blocks) > 0 {
		env.Say("--metrics: no sample of %s lies in the time of the records", name)
	}
	return nil
}

// serverTable is what the server said of itself, as far as it did.
func serverTable(w *metrics.Window) *table.Table {
	t := &table.Table{Header: []string{"the server's own", "mean", "max"}}
	level := func(name string, l *metrics.Level, scale float64) {
		if l != nil {
			t.Rows = append(t.Rows, []string{name, human(stats.Num(l.Mean * scale)), human(stats.Num(l.Max * scale))})
		}
	}
	figure := func(name string, v *float64, scale float64) {
		if v != nil {
			t.Rows = append(t.Rows, []string{name, human(stats.Num(*v * scale)), ""})
		}
	}
	level("requests running", w.Running, 1)
	level("requests waiting", w.Waiting, 1)
	level("KV cache in use (%)", w.KVCache, 100)
	figure("input tokens/s", w.PromptPerS, 1)
	figure("output tokens/s", w.CompletionPerS, 1)
	figure("prefix cache hits (%)", w.PrefixHit, 100)
	figure("preemptions", w.Preemptions, 1)
	figure("drafts accepted (%)", w.Acceptance, 100)
	figure("tokens a step", w.AcceptanceLength, 1)
	for _, g := range w.GPUs {
		name := "GPU " + strconv.Itoa(g.Index)
		level(name+" busy (%)", g.Utilization, 100)
		level(name+" memory (MiB)", g.MemoryMiB, 1)
		level(name+" power (W)", g.PowerW, 1)
	}
	return t
}
