package main

import (
	"fmt"
	"strconv"
	"strings"

	"llmperf/internal/chart"
	"llmperf/internal/cli"
)

// slo is a limit that figures show: the value of a metric, and of which percentile if it says.
type slo struct {
	key, text string
	value     float64
}

// parseSLOs reads limits as perf-stats --slo has them: ttft_ms:p99<500, or ttft_ms<500.
func parseSLOs(list []string) ([]slo, error) {
	var out []slo
	for _, text := range list {
		name, limit, ok := strings.Cut(text, "<")
		limit = strings.TrimPrefix(limit, "=")
		key, which, _ := strings.Cut(strings.TrimSpace(name), ":")
		value, err := strconv.ParseFloat(strings.TrimSpace(limit), 64)
		if !ok || err != nil || key == "" {
			return nil, cli.Usage("for example: --slo 'ttft_ms:p99<500'", "--slo: %q is no limit", text)
		}
		found := false
		for _, d := range durations() {
			found = found || d.key == key
		}
		if !found {
			return nil, cli.Usage("the metrics: ttft_ms, tpot_ms, itl_ms, latency_ms, response_ms", "--slo: there is no metric %q", key)
		}
		out = append(out, slo{key, strings.TrimSpace("SLO " + which), value})
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
