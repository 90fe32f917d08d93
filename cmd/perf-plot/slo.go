package main

import (
	"fmt"
	"strconv"
	"strings"

	"llmperf/internal/chart"
	"llmperf/internal/cli"
	"llmperf/internal/stats"
)

// slo is a gate that figures show: a line at the value, and which load points meet it.
type slo struct {
	stats.Gate
	key, text string
	value     float64
}

// parseSLOs reads gates as perf-stats --slo has them: ttft_ms:p99<500.
func parseSLOs(list []string) ([]slo, error) {
	var out []slo
	for _, text := range list {
		gate, err := stats.ParseGate(text)
		if err != nil {
			return nil, cli.Usage("for example: --slo 'ttft_ms:p99<500'", "--slo: %w", err)
		}
		name, limit, _ := strings.Cut(text, "<")
		key, which, _ := strings.Cut(strings.TrimSpace(name), ":")
		value, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimPrefix(limit, "=")), 64)
		if err != nil {
			key = "" // a gate of > has no line, since it is about a rate or a share
		}
		out = append(out, slo{gate, key, strings.TrimSpace("SLO " + which), value})
	}
	return out, nil
}

// limits are the marks of the SLOs of a metric, on the axis that has it.
func (r *report) limits(key string, onY bool) []chart.Mark {
	var out []chart.Mark
	for _, s := range r.slos {
		if s.key == key {
			out = append(out, chart.Mark{At: s.value, OnY: onY, Label: fmt.Sprintf("%s %s ms", s.text, chart.Number(s.value)), Color: -1})
		}
	}
	return out
}
