package main

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"perfpipe/internal/fault"
	"perfpipe/internal/report/reporttest"
)

// TestAbsurdRecords draws records with impossible numbers.
func TestAbsurdRecords(t *testing.T) {
	good := string(reporttest.Lines(reporttest.Records(1, reporttest.Load{Run: "rate=10", N: 30, Rate: 10, Slots: 4,
		Chunks: 4})))
	for _, bad := range []string{
		`{"seq":0,"run":"r","scheduled_us":1,"sent_us":9223372036854775807,"ok":true,"ttft_ms":1e300,"latency_ms":0}`,
		`{"run":"r","rate":10,"sent_us":-9223372036854775808,"ok":true,"ttft_ms":5,"latency_ms":10}`,
		`{"run":"r","rate":1e308,"sent_us":1790000000000000,"ok":true,"ttft_ms":5,"latency_ms":10}`,
		`{"run":"r","parallel":9223372036854775807,"sent_us":1790000000000000,"ok":true,"ttft_ms":5,"latency_ms":10}`,
		`{"sent_us":1790000000000000,"scheduled_us":-5,"ok":true,"ttft_ms":1e-300,"latency_ms":1e300}`,
		`{"sent_us":1790000000000000,"ok":true,"ttft_ms":1,"latency_ms":-1e300,"lag_ms":1e300,"queue_ms":-1e300}`,
		`{"sent_us":1790000000000000,"ok":true,"ttft_ms":1,"gap_us":[9223372036854775807,9223372036854775807],` +
			`"latency_ms":9}`,
		`{"sent_us":1790000000000000,"ok":true,"ttft_ms":1,"gap_us":[-5,1],` +
			`"chunk_tokens":[1,1,9223372036854775807],"latency_ms":9}`,
		`{"sent_us":1790000000000000,"ok":true,"ttft_ms":1,"prompt_tokens":9223372036854775807,` +
			`"completion_tokens":-9223372036854775808,"latency_ms":9}`,
		`{"sent_us":1790000000000000,"ok":true,"turn":9223372036854775807,"session":"s",` +
			`"seq":-9223372036854775808,"latency_ms":9}`,
		`{"sent_us":1790000000000000,"ok":true,"ttft_ms":1,"dns_ms":1e308,"connect_ms":1e308,"tls_ms":1e308,"latency_ms":9}`,
		`{"sent_us":1,"ok":false,"latency_ms":1e9,"error":{"kind":"","message":""}}`,
	} {
		for _, in := range []string{bad + "\n", good + bad + "\n" + bad + "\n"} {
			for _, format := range []string{"html", "term", "svg", "vega", "csv"} {
				code, out, stderr := plot(t, []byte(in), "--format", format, "--slo", "ttft_ms:p99<1e300")
				if code != fault.CodeOK && !strings.Contains(stderr, "nothing to draw") {
					t.Errorf("%s of %s: exit %d: %s", format, bad, code, stderr)
				}
				if strings.Contains(out, "NaN") && format != "html" {
					t.Errorf("%s of %s: a number that is none", format, bad)
				}
			}
		}
	}
	if page := mustPlot(t, []byte(
		good+`{"sent_us":9223372036854775807,"latency_ms":5,"ok":true}`)); !strings.Contains(page,
		"1 records have an impossible time") {
		t.Error("the page does not say that a record was left out")
	}
}

// mostAlloc is the memory that a run may allocate: a few pages, which hold a library of a megabyte, and an amount per
// byte of input.
func mostAlloc(input int) uint64 { return 100<<20 + 20_000*uint64(input) }

// FuzzPlot checks that any input is drawn, or rejected with a message, in bounded memory.
func FuzzPlot(f *testing.F) {
	f.Add(reporttest.Lines(inputs()["one"][:20]), uint8(0))
	f.Add(reporttest.Lines(reporttest.Records(1, reporttest.Sweep(5, 4)...)), uint8(1))
	f.Add(reporttest.Lines(inputs()["turns"][:20]), uint8(2))
	f.Add(reporttest.Lines(inputs()["odd"]), uint8(3))
	f.Add([]byte(`{"sent_us":9223372036854775807,"ttft_ms":1e300,"ok":true}`), uint8(4))
	f.Fuzz(func(t *testing.T, in []byte, how uint8) {
		format := []string{"html", "term", "svg", "vega", "csv"}[how%5]
		args := []string{"--format", format, "--slo", "ttft_ms:p99<500", "--goodput", "ttft_ms<500", "--on-bad-line",
			[]string{"fail", "skip"}[how/5%2]}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		code, out, stderr := plot(t, in, args...)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > mostAlloc(len(in)) {
			t.Errorf("%d bytes of input took %d MB", len(in), used>>20)
		}
		switch {
		case code == fault.CodeOK && len(out) == 0:
			t.Error("nothing was drawn, and nothing said")
		case code != fault.CodeOK && (stderr == "" || strings.Contains(stderr, "unsupported value")):
			t.Errorf("exit %d: %s", code, stderr)
		case format == "term" && bytes.ContainsAny([]byte(out), "\x1b\a"):
			t.Error("a control character reached the terminal")
		}
	})
}
