package servermetrics

import (
	"slices"

	"perfpipe/internal/energy"
	"perfpipe/internal/prompage"
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

	GPUs   []GPUWindow   `json:"gpus,omitempty"`   // by index
	Meters []MeterWindow `json:"meters,omitempty"` // energy that is not of one GPU

	Times  []Time         `json:"times,omitempty"`  // that the server took of its own requests
	Series []SourceSeries `json:"series,omitempty"` // those asked for
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

	Energy *energy.Use `json:"energy,omitempty"`
}

// MeterWindow is a Window of one Meter.
type MeterWindow struct {
	Name   string     `json:"name"`
	Of     string     `json:"of"`
	Energy energy.Use `json:"energy"`
}

// Time is the mean of times that the server took of its own requests, and what they are in the records. Those that are
// unknown are nil.
type Time struct {
	Key    string  `json:"key"` // of the metric of the records
	N      float64 `json:"n"`   // Δcount of the server's histogram
	MeanMs float64 `json:"mean_ms"`

	OursN        *float64 `json:"ours_n,omitempty"`
	OursMs       *float64 `json:"ours_ms,omitempty"`
	DifferenceMs *float64 `json:"difference_ms,omitempty"` // ours − the server's
	Difference   *float64 `json:"difference,omitempty"`    // DifferenceMs ÷ MeanMs
}

// SourceSeries are the figures of one series of a page.
type SourceSeries struct {
	Source string `json:"source"`
	prompage.Figures
}

// Summarize returns the Window of the samples between two instants, µs since the epoch, or nil if there are none.
// Gauges are those of the samples between them. Totals are differences between the last sample before the stretch and
// the first one after it, if there are such, so that no token is lost. The totals and gauges of several servers are
// added; of their KV caches the fullest one counts. Series has the figures of the series that show accepts; nil is
// none.
func (f *File) Summarize(from, to int64, show func(*prompage.Series) bool) *Window {
	w, total := &Window{}, totals{}
	for _, source := range bySource(f.Samples) {
		stretch := around(source, from, to)
		if len(stretch) == 0 {
			continue
		}
		w.Server = stretch[0].Server
		w.add(inside(stretch, from, to))
		total.add(stretch)
	}
	total.into(w)
	w.addDevices(f.Samples, from, to)
	w.Times = f.times(w.Server, from, to)
	if show != nil {
		for _, p := range f.Pages {
			for _, figures := range p.Figures(from, to, show) {
				w.Series = append(w.Series, SourceSeries{p.Source, figures})
			}
		}
	}
	if w.Samples == 0 && w.GPUs == nil && w.Meters == nil && len(total) == 0 && w.Series == nil && w.Times == nil {
		return nil
	}
	return w
}

// times returns the means of the times that a kind of server keeps, over all servers of that kind.
func (f *File) times(server string, from, to int64) []Time {
	var out []Time
	for _, k := range times {
		if k.server != server || slices.ContainsFunc(out, func(t Time) bool { return t.Key == k.key }) {
			continue
		}
		t := Time{Key: k.key}
		named := func(s *prompage.Series) bool { // TTFT and ITL are those of streams in the records, too
			return s.Name == k.name && (s.Labels["is_streaming"] != "false" || k.key == "latency_ms")
		}
		for _, p := range f.Pages {
			for _, h := range p.Figures(from, to, named) {
				if h.Mean != nil {
					t.MeanMs += *h.Mean * *h.Delta * 1000
					t.N += *h.Delta
				}
			}
		}
		if t.N > 0 {
			t.MeanMs /= t.N
			out = append(out, t)
		}
	}
	return out
}

// bySource returns the samples with known metrics, those of each source together, in the order in which the sources
// appear.
func bySource(samples []Sample) [][]Sample {
	var sources [][]Sample
	index := map[string]int{}
	for _, s := range samples {
		if s.Metrics == nil {
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
func level[T any](samples []T, of func(T) (float64, bool)) *Level {
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
