package format

import (
	"strconv"

	"perfpipe/internal/dist"
	"perfpipe/internal/servermetrics"
	"perfpipe/internal/table"
)

// serverTable returns the server's own metrics, as far as it reported them.
func serverTable(w *servermetrics.Window) *table.Table {
	t := &table.Table{Header: []string{"the server's own", "mean", "max"}}
	level := func(name string, l *servermetrics.Level, scale float64) {
		if l != nil {
			t.Rows = append(t.Rows, []string{name, Number(dist.Num(l.Mean * scale)), Number(dist.Num(l.Max * scale))})
		}
	}
	figure := func(name string, v *float64, scale float64) {
		if v != nil {
			t.Rows = append(t.Rows, []string{name, Number(dist.Num(*v * scale)), ""})
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
