package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-json"
)

// AgentX reads the published sessions again and again, in a closed loop of sessions.
func TestAgentX(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "traces.jsonl")
	if err := os.WriteFile(file, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, gen, send string }{
		{"--model m --scenario agentx --parallel 4 8",
			"perf-gen --seed 20260707 --dataset-path evalscope/cc-traces-weka-062126-256k --dataset trace --format weka " +
				"--number 0 --unique-prefix",
			"--duration 1800 --parallel 4 8 --session-start random --max-delay 10"},
		{`--model m --scenario {"variant":"full","max_context_length":9} --data-source huggingface --duration 900 --seed 5`,
			`--dataset-path semianalysisai/cc-traces-weka-062126 --dataset trace --format weka --number 0 --unique-prefix ` +
				`--dataset-args '{"max_context":9}'`, "--parallel 1 --session-start random --max-delay 10"},
		{`--model m --scenario {"mode":"smoke"} --dataset-path ` + folder, `--dataset-args '{"max_sessions":4}'`, "--duration 60"},
	} {
		gen, send, err := lines(t, strings.Fields(c.args)...)
		text := gen + "\n" + send
		if err != nil || !strings.Contains(text, c.gen) || !strings.Contains(text, c.send) ||
			strings.Contains(text, "save-request") {
			t.Errorf("%s:\n%s\n%v, want %s and %s", c.args, text, err, c.gen, c.send)
		}
	}
}

// The summary has aiperf's metrics under their names, and evalscope's figures of a GPU.
func TestAgentXSummary(t *testing.T) {
	x, err := parseAgentX(`{"mode":"smoke","num_gpus":2}`)
	if err != nil {
		t.Fatal(err)
	}
	theirs := `{"blocks":[{"group":"parallel=3","figures":{"ttft_ms":{"n":2,"mean":5.5,"p99":6}},"requests_per_s":4,"duration_s":2}]}`
	ours := `{"blocks":[{"run":"parallel=3","requests":3,"ok":2,"failed":1,"cache_hit":0.25,"metrics":{"input_tokens":{"n":2,"mean":9}},` +
		`"errors":[{"kind":"http","count":1,"example":"no"}]}]}`
	all, err := x.summaries([]byte(theirs), []byte(ours))
	if err != nil || len(all) != 1 {
		t.Fatalf("%d summaries, %v", len(all), err)
	}
	text, err := json.Marshal(all[0])
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Concurrency int
		Valid       bool `json:"submission_valid"`
		Metrics     map[string]struct {
			Unit     string
			Avg, P99 *float64
		}
		Derived map[string]struct{ Avg float64 } `json:"derived_metrics"`
		Errors  []struct{ Message string }       `json:"error_summary"`
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	m := got.Metrics
	if got.Concurrency != 3 || got.Valid || *m["time_to_first_token"].Avg != 5.5 || *m["time_to_first_token"].P99 != 6 ||
		*m["overall_usage_prompt_cache_read_pct"].Avg != 25 || *m["error_request_count"].Avg != 1 ||
		got.Derived["request_throughput_per_gpu"].Avg != 2 || got.Errors[0].Message != "no" {
		t.Errorf("%s", text)
	}
	line := all[0].line("parallel_3")
	if want := "AgentX parallel_3: submission_valid=false; request_throughput=4 requests/sec, "; !strings.HasPrefix(line, want) {
		t.Errorf("%s, want %s", line, want)
	}
	if _, err := x.summaries([]byte(`{"blocks":[]}`), []byte(ours)); err == nil {
		t.Error("blocks that do not match are not an error")
	}
}
