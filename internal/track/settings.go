package track

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"perfpipe/internal/facts"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// settings are the arguments of a run, as far as its records contain them.
type settings struct {
	mu     sync.Mutex
	sweep  bool
	number map[int]struct{}
	labels map[string]map[string]struct{} // values by key
}

// labelLimit limits the values of a label that is logged. A label with more values distinguishes requests, not runs.
const labelLimit = 20

// Collect returns a function that collects the arguments of the run from a record. Several goroutines may call it.
func (r *Run) Collect() func(*record.Record) { return r.settings.add }

func (s *settings) add(r *record.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep = s.sweep || r.Sweep
	if _, seen := s.number[r.Number]; r.Number > 0 && !seen {
		if s.number == nil {
			s.number = map[int]struct{}{}
		}
		s.number[r.Number] = struct{}{}
	}
	for key, value := range r.Labels {
		if _, seen := s.labels[key][value]; seen || len(s.labels[key]) > labelLimit {
			continue
		}
		if s.labels == nil {
			s.labels = map[string]map[string]struct{}{}
		}
		if s.labels[key] == nil {
			s.labels[strings.Clone(key)] = map[string]struct{}{}
		}
		s.labels[key][strings.Clone(value)] = struct{}{}
	}
}

func (s *settings) isSweep() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sweep
}

// config returns the settings as configuration, each a value, or a list if the load points differ.
func (s *settings) config(sum *stats.Summary) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]any{}
	for key, values := range s.labels {
		if len(values) <= labelLimit {
			var list []any
			for _, v := range slices.Sorted(maps.Keys(values)) {
				list = append(list, facts.Argument(v))
			}
			put(out, key, list)
		}
	}
	var numbers []any
	for _, n := range slices.Sorted(maps.Keys(s.number)) {
		numbers = append(numbers, n)
	}
	put(out, "number", numbers)
	var models, modes, parallels, rates []any
	for i := range sum.Blocks {
		b := &sum.Blocks[i]
		for _, m := range b.Model {
			models = append(models, m)
		}
		if b.Mode != "" {
			modes = append(modes, b.Mode)
		}
		if b.Parallel > 0 {
			parallels = append(parallels, b.Parallel)
		}
		if b.Rate > 0 {
			rates = append(rates, b.Rate)
		}
	}
	put(out, "model", models)
	put(out, "mode", modes)
	put(out, "parallel", parallels)
	put(out, "rate", rates)
	return out
}

// put adds a value, or a list of those that differ, unless there are none.
func put(config map[string]any, key string, all []any) {
	var list []any
	for _, v := range all {
		if !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	switch len(list) {
	case 0:
	case 1:
		config[key] = list[0]
	default:
		config[key] = list
	}
}
