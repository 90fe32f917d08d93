// Package internal holds the direction of imports: the picture of the pipe, as docs/architecture.md draws it.
package internal

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// may says which of our own packages each package may import. Packages that know nothing of ours have no entry.
var may = map[string][]string{
	"internal/cli":     {"internal/fault", "internal/visible"},
	"internal/table":   {"internal/visible"},
	"internal/chart":   {"internal/visible"},
	"internal/jsonl":   {"internal/sniff"},
	"internal/request": {"internal/fastjson", "internal/jsonl"},
	"internal/record":  {"internal/fastjson", "internal/jsonl", "internal/mask"},
	"internal/api":     {"internal/fastjson", "internal/jsonl"},
	"internal/dataset": {
		"internal/api", "internal/dataset/synth", "internal/fastjson", "internal/hub", "internal/jsonl", "internal/request",
		"internal/rows", "internal/sniff", "internal/tokenizer",
	},
	"internal/dataset/synth": {"internal/fastjson", "internal/tokenizer"},
	"internal/rows":          {"internal/jsonl", "internal/sniff"},
	"internal/hub":           {"internal/fault"},
	"internal/vocabulary":    {"internal/fault", "internal/hub", "internal/tokenizer"},
	"internal/launch":        {"internal/fault"},
	"internal/metrics":       {"internal/jsonl", "internal/mask"},
	"internal/client":        {"internal/api", "internal/fastjson", "internal/mask", "internal/record", "internal/request", "internal/sse"},
	"internal/load":          {"internal/record", "internal/request", "internal/schedule"},
	"internal/sim":           {"internal/jsonl"},
	"internal/stats":         {"internal/jsonl", "internal/metrics", "internal/record", "internal/saturation"},
	"internal/format":        {"internal/jsonl", "internal/metrics", "internal/stats", "internal/table", "internal/visible"},
	"internal/report": {
		"internal/chart", "internal/metrics", "internal/record", "internal/saturation", "internal/stats",
	},
	"internal/report/reporttest": {"internal/jsonl", "internal/record"},
	"internal/track":             {"internal/mask", "internal/stats"},
	"internal/calibrate": {
		"internal/client", "internal/jsonl", "internal/load", "internal/record", "internal/request",
		"internal/schedule", "internal/sim", "internal/stats", "internal/table",
	},
	"internal/feed": {"internal/jsonl", "internal/request"},
	"cmd/perf-gen": {
		"internal/api", "internal/cli", "internal/dataset", "internal/fault", "internal/hub", "internal/jsonl",
		"internal/sniff", "internal/tokenizer", "internal/vocabulary",
	},
	"cmd/perf-send": {
		"internal/api", "internal/calibrate", "internal/cli", "internal/client", "internal/facts",
		"internal/fault", "internal/feed", "internal/hub", "internal/jsonl", "internal/launch",
		"internal/load", "internal/mask", "internal/metrics", "internal/record", "internal/request",
		"internal/saturation", "internal/schedule", "internal/search", "internal/sim", "internal/stats",
		"internal/tokenizer", "internal/visible", "internal/vocabulary",
	},
	"cmd/perf-stats": {"internal/cli", "internal/facts", "internal/fault", "internal/format", "internal/jsonl", "internal/metrics",
		"internal/record", "internal/stats", "internal/track"},
	"cmd/perf-plot": {"internal/chart", "internal/cli", "internal/facts", "internal/fault", "internal/jsonl", "internal/metrics", "internal/report", "internal/stats"},
}

func TestImportDirection(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "perfpipe/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], "perfpipe/")
		if strings.HasPrefix(pkg, "scripts/") { // looks at everything, and nothing depends on it
			continue
		}
		for _, imp := range fields[1:] {
			if own, ok := strings.CutPrefix(imp, "perfpipe/"); ok && !slices.Contains(may[pkg], own) {
				t.Errorf("%s imports %s, which the design does not let it", pkg, own)
			}
		}
	}
}
