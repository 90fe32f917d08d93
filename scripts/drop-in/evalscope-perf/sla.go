package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/fault"
)

// figure is a metric of --sla-params under its name in perf-send --slo, with the factor from evalscope's unit.
type figure struct {
	name  string
	scale float64
}

// slaFigures returns evalscope's metrics: latencies in seconds, TTFT and TPOT in ms.
func slaFigures() map[string]figure {
	all := map[string]figure{
		"avg_latency": {"latency_ms:mean", 1000}, "p99_latency": {"latency_ms:p99", 1000},
		"avg_ttft": {"ttft_ms:mean", 1}, "avg_tpot": {"tpot_ms:mean", 1},
		"rps": {"requests_per_s", 1}, "tps": {"output_tokens_per_s", 1},
	}
	for _, p := range []string{"p50", "p90", "p99"} {
		all[p+"_ttft"], all[p+"_tpot"] = figure{"ttft_ms:" + p, 1}, figure{"tpot_ms:" + p, 1}
	}
	return all
}

// slos translates the conditions of --sla-auto-tune for perf-send --search.
func (j *job) slos(v values) error {
	if !j.search {
		return nil
	}
	var groups []map[string]json.RawMessage
	text := v.one("sla-params", "")
	if err := json.Unmarshal([]byte(text), &groups); err != nil || len(groups) == 0 {
		return fault.Usage(`such as '[{"p99_latency": "<=2"}]'`, "--sla-params: is not a JSON list of conditions")
	}
	if len(groups) > 1 {
		return fault.Usage("run it once for each",
			"--sla-params: has %d lists of conditions, which are searches of their own", len(groups))
	}
	slos := []string{"ok>=1"}
	for _, name := range slices.Sorted(maps.Keys(groups[0])) {
		slo, err := condition(name, strings.Trim(string(groups[0][name]), `"`))
		if err != nil {
			return err
		}
		slos = append(slos, slo)
	}
	variable := v.one("sla-variable", "parallel")
	if variable != "parallel" && variable != "rate" {
		return fault.Usage("", "--sla-variable: %q is neither parallel nor rate", variable)
	}
	j.send.add("search", variable)
	j.send.add("slo", slos...)
	j.send.add("search-runs", v.one("sla-num-runs", "3"))
	if v.has("sla-upper-bound") {
		j.send.add("search-max", v["sla-upper-bound"]...)
	}
	if start := v[variable]; len(start) > 0 {
		j.send.add(variable, start[0])
	}
	return nil
}

// condition translates a condition of --sla-params, such as {"p99_latency": "<=2s"}.
func condition(name, text string) (string, error) {
	f, ok := slaFigures()[name]
	if !ok {
		return "", fault.Usage("there are "+strings.Join(slices.Sorted(maps.Keys(slaFigures())), ", "),
			"--sla-params: no figure %q", name)
	}
	text = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", "≤", "<=", "≥", ">=", "≧", ">=", " ", "").Replace(text)
	value := strings.TrimLeft(text, "<>=")
	op := strings.TrimSuffix(text, value)
	if op == "" || op == "=" {
		return "", fault.Usage("--profile knee of perf-send raises the load until nothing is gained",
			"--sla-params: %s: %q is not a condition", name, text)
	}
	scale := f.scale
	if digits, ms := strings.CutSuffix(value, "ms"); ms {
		value, scale = digits, 1
	} else if digits, s := strings.CutSuffix(value, "s"); s {
		value, scale = digits, 1000
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return "", fault.Usage("", "--sla-params: %s: %q is not a number", name, value)
	}
	return fmt.Sprintf("%s%s%v", f.name, op, n*scale), nil
}
