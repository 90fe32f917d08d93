package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"perfpipe/internal/fault"
)

// TestTable compares the table with the --help of the four commands: every stage of a row has the flag, and a flag that
// a command has is not marked as unused.
func TestTable(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", dir, "perfpipe/cmd/...").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	name := regexp.MustCompile(`(?m)^  (?:-\w, |    )?--(?:\[no-\])?([a-z][a-z0-9-]*)`)
	has := map[string][]string{}
	for _, stage := range []string{"gen", "send", "stats", "plot"} {
		out, err := exec.Command(filepath.Join(dir, "perf-"+stage), "--help").Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range name.FindAllStringSubmatch(string(out), -1) {
			has[stage] = append(has[stage], m[1])
		}
	}
	for _, f := range allFlags() {
		for to := range strings.FieldsSeq(f.to) {
			stage, as, renamed := strings.Cut(to, ":")
			if !renamed {
				as = f.name
			}
			if !slices.Contains(has[stage], as) {
				t.Errorf("--%s goes to perf-%s as --%s, which it does not have", f.name, stage, as)
			}
		}
		if f.to == "" && !f.own && f.unused == "" {
			t.Errorf("--%s goes nowhere", f.name)
		}
		for stage, names := range has {
			if f.unused != "" && slices.Contains(names, f.name) {
				t.Errorf("--%s is said to have no use, and perf-%s has it", f.name, stage)
			}
		}
	}
}

// lines returns the commands that a command line is translated to.
func lines(t *testing.T, args ...string) (gen, send string, err error) {
	t.Helper()
	v, err := parse(allFlags(), args)
	if err != nil {
		return "", "", err
	}
	j, err := split(allFlags(), v)
	if err != nil {
		return "", "", err
	}
	return j.gen.shell(), j.send.shell(), nil
}

func TestSplit(t *testing.T) {
	const keep = " --save-request --save-output"
	for _, c := range []struct{ name, args, gen, send string }{
		{"--rate without --open-loop is capped", "--model m --prompt a --rate 10 --parallel 4 --number 8",
			"perf-gen --number 8 --model m --prompt a",
			"perf-send --url http://127.0.0.1:8877/v1/chat/completions --rate 10 --parallel 4 --number 8" + keep},
		{"--open-loop ignores --parallel", "--model m --prompt a --rate 5 10 --parallel 4 --number 8 9 --open-loop",
			"perf-gen --number 17 --model m --prompt a",
			"perf-send --url http://127.0.0.1:8877/v1/chat/completions --open-loop --rate 5 10 --number 8 9" + keep},
		{"--tokenize-prompt moves the URL",
			"--model m --dataset random --tokenizer-path o200k_base --tokenize-prompt -n 3 --max-prompt-length 9 --url " +
				"http://h/v1/chat/completions?a=b",
			"perf-gen --dataset random --min-prompt-length 0 --max-prompt-length 9 --max-tokens 2048 --number 3 --model m " +
				"--tokenizer-path o200k_base --tokenize-prompt",
			"perf-send --url 'http://h/v1/completions?a=b' --parallel 1 --number 3 --tokenizer-path o200k_base" + keep},
		{"a URL that is a base", "--model m --dataset custom --dataset-path f --url http://h/v1/ -n 3 --no-stream",
			"perf-gen --dataset custom --max-prompt-length 131072 --number 3 --model m --dataset-path f --no-stream",
			"perf-send --url http://h/v1/chat/completions --parallel 1 --number 3" + keep},
		{"text to /v1/completions", "--model m --dataset custom --dataset-path f --url http://h/v1/completions -n 3",
			"perf-gen --dataset custom --max-prompt-length 131072 --no-apply-chat-template --number 3 --model m " +
				"--dataset-path f",
			"perf-send --url http://h/v1/completions --parallel 1 --number 3" + keep},
		{"responses", "--model m --prompt a --api responses -n 3 --url http://h/v1/chat/completions",
			"perf-gen --api responses --number 3 --model m --prompt a",
			"perf-send --url http://h/v1/responses --api responses --parallel 1 --number 3" + keep},
		{"a share to warm up with", "--model m --prompt a --number 10 100 --parallel 1 2 --warmup-num 0.1",
			"perf-gen --number 121 --model m --prompt a",
			"perf-send --url http://127.0.0.1:8877/v1/chat/completions --parallel 1 2 --number 10 100 --warmup-num 0.1" + keep},
		{"a trace at its own times", "--dataset workload_trace --dataset-path f --open-loop --number 5",
			"perf-gen --dataset trace --format workload_trace --number 5 --dataset-path f",
			"perf-send --url http://127.0.0.1:8877/v1/chat/completions --arrival trace --number 5" + keep},
		{"a search",
			`--model m --prompt a --sla-auto-tune --sla-params [{"p99_latency":"<=2","avg_ttft":"<50ms"}] --parallel 4`,
			"perf-gen --number 0 --model m --prompt a",
			"perf-send --url http://127.0.0.1:8877/v1/chat/completions --search parallel --slo 'ok>=1' 'ttft_ms:mean<50' " +
				"'latency_ms:p99<=2000' --search-runs 3 --parallel 4" + keep},
		{"the beginning of a name, and a key in a header", "--mod m --prompt a -n 1 --headers X-API-Key=k A=b",
			"perf-gen --number 1 --model m --prompt a",
			"perf-send --url http://127.0.0.1:8877/v1/chat/completions --parallel 1 --number 1 --headers 'X-API-Key=***' A=b" +
				keep},
		{"the older name of --dataset-args",
			`--model m --dataset swe_smith --multi-turn -n 1 ` +
				`--multi-turn-args {"first_turn_length":9,"subsequent_turn_length":8} --dataset-args {"first_turn_length":7}`,
			`perf-gen --dataset swe_smith --dataset-args '{"first_turn_length":7,"subsequent_turn_length":8}' ` +
				`--number 1 --model m`,
			"perf-send --url http://127.0.0.1:8877/v1/chat/completions --parallel 1 --number 1" + keep},
	} {
		gen, send, err := lines(t, strings.Fields(c.args)...)
		if err != nil || gen != c.gen || send != c.send {
			t.Errorf("%s: %v\n got %s\nwant %s\n got %s\nwant %s", c.name, err, gen, c.gen, send, c.send)
		}
	}
}

// TestReserve starts three runs in one second, and one more without a time.
func TestReserve(t *testing.T) {
	now := time.Date(2026, 11, 29, 23, 59, 59, 0, time.UTC)
	v := values{"outputs-dir": {t.TempDir()}, "model": {"org/m"}}
	var got []string
	for range 3 {
		dir, err := reserve(v, now)
		if err != nil {
			t.Fatal(err)
		}
		at, _ := filepath.Rel(v.one("outputs-dir", ""), dir)
		got = append(got, at)
	}
	want := []string{"20261129_235959/m", "20261130_000000/m", "20261130_000001/m"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	v["no-timestamp"] = nil
	dir, err := reserve(v, now)
	if err != nil || filepath.Base(dir) != "m" {
		t.Fatalf("%s, %v", dir, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "records.jsonl"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := reserve(v, now); err == nil || err.Error() != dir+" holds a run already" {
		t.Errorf("the folder is taken, and %v", err)
	}
}

// TestTrackers checks what a tracker is told, and that a key chooses one.
func TestTrackers(t *testing.T) {
	const rest = " number=1000 parallel=1 rate=-1"
	for args, want := range map[string]string{
		"--visualizer swanlab --name n --python env --max-tokens 8": "perf-stats --grace 60 --python env " +
			"--visualizer swanlab --outputs-dir out --name n --run-config model=m api=openai" + rest +
			" name=n prompt=a dataset=openqa max_tokens=8 stream=true temperature=0",
		"--wandb-api-key k --no-stream --parallel 2 4 --number 5 6": "perf-stats --grace 60 --visualizer wandb " +
			"--outputs-dir out --run-config model=m api=openai 'number=5 6' 'parallel=2 4' rate=-1 prompt=a " +
			"dataset=openqa max_tokens=2048 stream=false temperature=0",
		"": "perf-stats --grace 60",
	} {
		v, err := parse(allFlags(), strings.Fields("--model m --prompt a "+args))
		if err != nil {
			t.Fatal(err)
		}
		j, err := split(allFlags(), v)
		if err != nil {
			t.Fatal(err)
		}
		j.track("out", v)
		if got := j.stats.shell(); got != want {
			t.Errorf("%s: %s, want %s", args, got, want)
		}
		if env := slices.Contains(j.env, "SWANLAB_LOG_DIR=out"); env != (args != "") {
			t.Errorf("%s: the environment is %q", args, j.env)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct{ args, want, hint string }{
		{"--model m --parllel 2", "--parllel: evalscope perf has no such flag", "the nearest is --parallel"},
		{"--model m --no-strem", "--no-strem: evalscope perf has no such flag", "the nearest is --no-stream"},
		{"--model m words", `"words" belongs to no flag`, "values with spaces need quotes"},
		{"--model", "--model: expected a value", ""},
		{"--number two", `--number: "two" is not a whole number`, ""},
		{"--dataset openqa", "--model: is required", "the name that the server serves it under"},
		{"--model m --number 1 2", "--number: has 2 values where --parallel has 1", "each pair is a load point"},
		{"--model m --open-loop", "--open-loop: needs --rate above 0", "--rate 5 10 20, for instance"},
		{"--model m --rate fast", `--rate: "fast" is not a number`, ""},
		{"--model m --python env", "--python: is for --visualizer, and for --api local and local_vllm", ""},
		{"--model m --rate 1 2", "--rate: a closed loop takes one rate, and there are 2",
			"a sweep of rates is for --open-loop"},
		{"--model m --scenario agenty", `--scenario: neither agentx nor a JSON object: "agenty"`, ""},
		{`--model m --scenario {"variant":"128k"}`, `--scenario: variant is "128k": there are 256k and full`, ""},
		{`--model m --scenario {"trace_limit":3}`, "--scenario: trace_limit is for the mode smoke", ""},
		{"--model m --scenario agentx --duration 60", "--duration: AgentX takes 900 seconds or more",
			`--scenario '{"mode":"smoke"}' tries it`},
		{"--model m --scenario agentx --number 5", "--number: has no place in --scenario agentx", "leave it out"},
		{"--model m --tokenize-prompt", "--tokenize-prompt: needs --tokenizer-path", "name the model's vocabulary"},
		{"--model m --multi-turn", "--multi-turn: --dataset openqa has no conversations",
			"such as random_multi_turn or share_gpt_en_multi_turn"},
	} {
		_, _, err := lines(t, strings.Fields(c.args)...)
		e, ok := err.(*fault.Error)
		if !ok || e.Code != fault.CodeUsage || e.Error() != c.want || e.Hint != c.hint {
			t.Errorf("%s: %#v, want %s", c.args, err, c.want)
		}
	}
	// evalscope's manual has a comment after a backslash, which then escapes a blank.
	_, _, err := lines(t, "--model", "m", " ")
	e, ok := err.(*fault.Error)
	if !ok || e.Error() != `" " belongs to no flag` || !strings.HasPrefix(e.Hint, "end the line right after its backslash") {
		t.Errorf("a blank argument: %#v", err)
	}
}
