package servermetrics

import (
	"io"
	"slices"

	"perfpipe/internal/jsonl"
)

// Window summarizes the samples of a stretch of time. Values that were not sampled are nil.
type Window struct {
	Server  string `json:"server,omitempty"`
	Samples int    `json:"samples"` // of the server

	Running *Level `json:"running,omitempty"`  // requests
	Waiting *Level `json:"waiting,omitempty"`  // requests
	KVCache *Level `json:"kv_cache,omitempty"` // share

	PromptPerS     *float64 `json:"prompt_tokens_per_s,omitempty"` // as the server counts them
	CompletionPerS *float64 `json:"output_tokens_per_s,omitempty"` // as the server counts them

	// PrefixHit is Δhits ÷ Δqueries of the prefix cache, or else the mean share that the server reports.
	PrefixHit   *float64 `json:"prefix_hit,omitempty"`
	Preemptions *float64 `json:"preemptions,omitempty"` // Δ

	// Acceptance is Δaccepted ÷ Δdrafted tokens of speculative decoding, or else the share that the server reports.
	Acceptance *float64 `json:"acceptance,omitempty"`
	// AcceptanceLength is 1 + Δaccepted ÷ Δdrafts, in tokens per step, or else what the server reports.
	AcceptanceLength *float64 `json:"acceptance_length,omitempty"`

	GPUs []GPUWindow `json:"gpus,omitempty"` // by index
}

// Level is a gauge over time: its mean and its highest value.
type Level struct {
	Mean float64 `json:"mean"`
	Max  float64 `json:"max"`
}

// GPUWindow is a Window of one device.
type GPUWindow struct {
	Index       int    `json:"index"`
	Name        string `json:"name,omitempty"`
	Utilization *Level `json:"utilization,omitempty"` // share
	MemoryMiB   *Level `json:"memory_mib,omitempty"`
	PowerW      *Level `json:"power_w,omitempty"`
}

// Read reads a metrics file and sorts its samples by time. file is its name in errors.
func Read(r io.Reader, file string) ([]Sample, error) {
	var all []Sample
	for s, err := range jsonl.Read[Sample](r, file) {
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b Sample) int { return int(a.AtUs - b.AtUs) })
	return all, nil
}

// Summarize returns the Window of the samples, in order of time, between two instants, µs since the epoch, or nil if
// there are none. Gauges are those of the samples between them. Totals are differences between the last sample before
// the stretch and the first one after it, if there are such, so that no token is lost. The totals and gauges of several
// servers are added; of their KV caches the fullest one counts.
func Summarize(samples []Sample, from, to int64) *Window {
	w, total := &Window{}, totals{}
	for _, source := range bySource(samples) {
		stretch := around(source, from, to)
		if len(stretch) == 0 {
			continue
		}
		within := inside(stretch, from, to)
		if stretch[0].Metrics != nil {
			w.Server = stretch[0].Server
			w.add(within)
			total.add(stretch)
		}
		w.GPUs = append(w.GPUs, gpus(within)...)
	}
	total.into(w)
	if w.Samples == 0 && w.GPUs == nil && len(total) == 0 {
		return nil
	}
	return w
}

// bySource returns the samples with values, those of each source together, in the order in which the sources appear.
func bySource(samples []Sample) [][]Sample {
	var sources [][]Sample
	index := map[string]int{}
	for _, s := range samples {
		if s.Metrics == nil && s.GPUs == nil {
			continue
		}
		i, known := index[s.Source]
		if !known {
			i = len(sources)
			index[s.Source] = i
			sources = append(sources, nil)
		}
		sources[i] = append(sources[i], s)
	}
	return sources
}

// add adds the gauges of one server's samples.
func (w *Window) add(within []Sample) {
	w.Samples += len(within)
	w.Running = plus(w.Running, level(within, gauge("running")))
	w.Waiting = plus(w.Waiting, level(within, gauge("waiting")))
	if kv := level(within, gauge("kv_cache")); w.KVCache == nil || kv != nil && kv.Max > w.KVCache.Max {
		w.KVCache = kv
	}
	for key, to := range map[string]**float64{
		"prefix_hit_rate": &w.PrefixHit, "accept_rate": &w.Acceptance, "accept_length": &w.AcceptanceLength,
	} {
		if l := level(within, gauge(key)); l != nil {
			*to = &l.Mean
		}
	}
}

// around returns the samples of a stretch and the nearest one on each side.
func around(s []Sample, from, to int64) []Sample {
	first := max(0, slices.IndexFunc(s, func(s Sample) bool { return s.AtUs >= from })-1)
	last := slices.IndexFunc(s, func(s Sample) bool { return s.AtUs > to })
	if last < 0 {
		last = len(s) - 1
	}
	if s[last].AtUs < from || s[first].AtUs > to {
		return nil
	}
	return s[first : last+1]
}

func inside(s []Sample, from, to int64) []Sample {
	return slices.DeleteFunc(slices.Clone(s), func(s Sample) bool { return s.AtUs < from || s.AtUs > to })
}

func gauge(key string) func(Sample) (float64, bool) {
	return func(s Sample) (float64, bool) {
		v, ok := s.Metrics[key]
		return v, ok
	}
}

// level returns nil if no sample has the value.
func level(samples []Sample, of func(Sample) (float64, bool)) *Level {
	var l Level
	n := 0.
	for _, s := range samples {
		if v, ok := of(s); ok {
			l.Mean += v
			l.Max = max(l.Max, v)
			n++
		}
	}
	if n == 0 {
		return nil
	}
	l.Mean /= n
	return &l
}

func plus(a, b *Level) *Level {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return &Level{a.Mean + b.Mean, a.Max + b.Max}
}

// totals are differences of totals, and their rates with the suffix "/s".
type totals map[string]float64

func (t totals) add(stretch []Sample) {
	first, last := stretch[0], stretch[len(stretch)-1]
	for key, v := range last.Metrics {
		from, ok := first.Metrics[key]
		if !ok || v < from { // the server was restarted
			continue
		}
		t[key] += v - from
		if seconds := float64(last.AtUs-first.AtUs) / 1e6; seconds > 0 {
			t[key+"/s"] += (v - from) / seconds
		}
	}
}

func (t totals) into(w *Window) {
	get := func(key string) *float64 {
		if v, ok := t[key]; ok {
			return &v
		}
		return nil
	}
	w.PromptPerS, w.CompletionPerS = get("prompt_tokens/s"), get("completion_tokens/s")
	w.Preemptions = get("preemptions")
	ratio := func(to **float64, plus, over float64, under string) {
		if by := t[under]; by > 0 {
			*to = new(plus + over/by)
		}
	}
	ratio(&w.PrefixHit, 0, t["prefix_hits"], "prefix_queries")
	ratio(&w.Acceptance, 0, t["accepted_tokens"], "draft_tokens")
	ratio(&w.AcceptanceLength, 1, t["accepted_tokens"], "drafts")
}

// gpus returns the devices of the samples.
func gpus(samples []Sample) []GPUWindow {
	byIndex := map[int][]Sample{}
	var found []GPUWindow
	for _, s := range samples {
		for _, g := range s.GPUs {
			if byIndex[g.Index] == nil {
				found = append(found, GPUWindow{Index: g.Index, Name: g.Name})
			}
			byIndex[g.Index] = append(byIndex[g.Index], Sample{GPUs: []GPU{g}})
		}
	}
	slices.SortFunc(found, func(a, b GPUWindow) int { return a.Index - b.Index })
	for i := range found {
		of := byIndex[found[i].Index]
		value := func(pick func(GPU) *float64) *Level {
			return level(of, func(s Sample) (float64, bool) {
				if v := pick(s.GPUs[0]); v != nil {
					return *v, true
				}
				return 0, false
			})
		}
		found[i].Utilization = value(func(g GPU) *float64 { return g.Utilization })
		found[i].MemoryMiB = value(func(g GPU) *float64 { return g.MemoryUsedMiB })
		found[i].PowerW = value(func(g GPU) *float64 { return g.PowerW })
	}
	return found
}
