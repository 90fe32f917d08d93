package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"perfpipe/internal/fault"
)

// uncached writes n records, of which those without a cached prompt are slow.
func uncached(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		cached, ms := 90, 100+i*7919%97
		if i*31%10 == 0 {
			cached, ms = 5, ms+200
		}
		at := 1_790_000_000_000_000 + i*100_000
		fmt.Fprintf(&b, `{"id":"r%d","seq":%d,"run":"rate=10","sent_us":%d,"reused":true,"ttft_ms":%d,"latency_ms":%d,`+
			`"prompt_tokens":100,"cached_tokens":%d,"completion_tokens":1,"status":200,"ok":true}`+"\n", i, i, at, ms, ms, cached)
	}
	path := filepath.Join(t.TempDir(), "run.jsonl")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhy(t *testing.T) {
	file, few := uncached(t, 600), uncached(t, 20)
	const sentence = "100 % of the slowest 10 % had at most 5 % of their prompt cached (against 10 % of all)"
	for _, c := range []struct {
		args  string
		code  int
		wants string
	}{
		{"--why " + file, fault.CodeOK, "why the slowest are slow: TTFT"},
		{"--why " + file, fault.CodeOK, sentence},
		{file + " --why", fault.CodeOK, sentence},
		{"--why ttft " + file, fault.CodeOK, sentence},
		{"--why=latency_ms " + file, fault.CodeOK, "why the slowest are slow: latency"},
		{"--why tpot_ms " + file, fault.CodeOK, "0 requests have a TPOT: too few to tell"},
		{"--why " + few, fault.CodeOK, "20 requests have a TTFT: too few to tell"},
		{"--format csv --why " + file, fault.CodeOK, "rate=10,ttft_ms,1,cached_share,0.1,1,0.1,0.001," + sentence},
		{"--format markdown --why " + file, fault.CodeOK, sentence},
		{"--format json --why " + file, fault.CodeOK,
			`"why":{"metric":"ttft_ms","requests":600,"examined":600,"asked":3,"causes":[{"property":"cached_share"`},
		{"--why=lag " + file, fault.CodeUsage, `"lag" is none of ttft_ms, tpot_ms, itl_ms, latency_ms, response_ms`},
		{"--why lag_ms " + file, fault.CodeFail, "open lag_ms: no such file"},
	} {
		t.Run(strings.ReplaceAll(c.args, file, "FILE"), func(t *testing.T) {
			out, errs, code := stat(t, "", strings.Fields(c.args)...)
			if code != c.code || !strings.Contains(out+errs, c.wants) {
				t.Errorf("exit %d, %s\n%s", code, errs, out)
			}
		})
	}
}
