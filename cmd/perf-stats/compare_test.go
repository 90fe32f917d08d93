package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recordsOf writes n records, one every everyMs, whose latency is takesMs and a little more, and returns the file.
func recordsOf(t *testing.T, name string, n, everyMs, takesMs int, change string) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		at := 1_790_000_000_000_000 + i*everyMs*1000
		ms := float64(takesMs) + float64(i*7919%101)/10
		fmt.Fprintf(&b, `{"id":"r%d","seq":%d,"run":"rate=10","mode":"open","rate":10,"api":"openai","op":"chat","model":"m",`+
			`"scheduled_us":%d,"queue_ms":0,"sent_us":%d,"lag_ms":0.05,"client_cpu":0.1,"reused":true,"ttft_ms":%.1f,`+
			`"latency_ms":%.1f,"prompt_tokens":10,"completion_tokens":1,"tokens_from":"usage","status":200,"ok":true}`+"\n",
			i, i, at, at, ms, ms)
	}
	path := filepath.Join(t.TempDir(), name)
	text := b.String()
	if from, to, ok := strings.Cut(change, "→"); ok {
		text = strings.ReplaceAll(text, from, to)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRegressionGate checks that the gate fails, and reports why, if a figure is worse or cannot be judged.
func TestRegressionGate(t *testing.T) {
	base := recordsOf(t, "base.jsonl", 400, 10, 200, "")
	for name, c := range map[string]struct {
		next string
		args string
		code int
		errs []string
	}{
		"the same": {recordsOf(t, "same.jsonl", 400, 10, 200, ""), "", 0, nil},
		"slower":   {recordsOf(t, "slow.jsonl", 400, 10, 230, ""), "", 1, []string{"6 figures are worse by more than 5 %"}},
		"a tenth of the throughput at the same latencies": {recordsOf(t, "tenth.jsonl", 400, 100, 200, ""), "", 1,
			[]string{"2 figures are worse by more than 5 %, the most rate=10 requests_per_s by -89.95 %"}},
		"too short for p99": {recordsOf(t, "short.jsonl", 200, 10, 200, ""), "", 1,
			[]string{"cannot judge rate=10 ttft_ms:p99: too short to know: about 370 requests would do",
				"hint: make the runs longer, or give several of each side"}},
		"a code of its own": {recordsOf(t, "short.jsonl", 200, 10, 200, ""), "--cannot-tell 3", 3,
			[]string{"cannot tell, for 2 reasons"}},
		"it may pass": {recordsOf(t, "short.jsonl", 200, 10, 200, ""), "--cannot-tell 0", 0,
			[]string{"passes, although not all could be judged"}},
		"left out": {recordsOf(t, "short.jsonl", 200, 10, 200, ""), "--percentiles 50,90", 0,
			[]string{"2 figures without a difference may be worse by more than 5 %, the most rate=10 requests_per_s by up to 5.92 %",
				"hint: longer runs, or several a side, exclude smaller differences"}},
		"another model": {recordsOf(t, "model.jsonl", 400, 10, 200, `"m"→"n"`), "", 1,
			[]string{"rate=10: the sides differ in model: m and n"}},
		"another rate": {recordsOf(t, "rate.jsonl", 400, 10, 200, `"rate":10→"rate":20`), "", 1,
			[]string{"the sides differ in rate: 10 and 20"}},
		"simulated": {recordsOf(t, "sim.jsonl", 400, 10, 200, `"openai"→"sim"`), "", 1,
			[]string{"one side is the built-in simulator's"}},
		"a load point more": {"", "", 1, []string{"rate=40: only the new side has it"}},
	} {
		if name == "a load point more" {
			c.next = recordsOf(t, "two.jsonl", 800, 10, 200, "")
			text, _ := os.ReadFile(c.next)
			lines := strings.SplitAfter(string(text), "\n")
			for i := 400; i < 800; i++ {
				lines[i] = strings.Replace(lines[i], `"run":"rate=10"`, `"run":"rate=40"`, 1)
			}
			os.WriteFile(c.next, []byte(strings.Join(lines, "")), 0o600)
		}
		args := append(strings.Fields("--compare --fail-on-regression 5% "+c.args), base, c.next)
		out, errs, code := stat(t, "", args...)
		t.Chdir("..")
		if code != c.code || len(c.errs) == 0 && errs != "" {
			t.Errorf("%s: exit %d, want %d: %s\n%s", name, code, c.code, errs, out)
		}
		for _, want := range c.errs {
			if !strings.Contains(errs, want) {
				t.Errorf("%s: no %q in %s", name, want, errs)
			}
		}
	}
}
