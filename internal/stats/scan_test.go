package stats

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-json"

	"llmperf/internal/jsonl"
	"llmperf/internal/record"
)

// agrees checks that what the scanner takes, the general decoder takes, and to the same record.
func agrees(t *testing.T, line []byte) (taken bool) {
	t.Helper()
	var s scanner
	got := record.Record{Run: "of the line before", GapUs: make([]int64, 3, 9)}
	if !s.scan(bytes.Clone(line), &got) {
		return false
	}
	var want record.Record
	if err := json.Unmarshal(line, &want); err != nil {
		t.Fatalf("taken, but the decoder says %v: %s", err, line)
	}
	if len(got.GapUs) == 0 {
		got.GapUs, want.GapUs = nil, nil
	}
	if got.ChunkTokens = nil; !reflect.DeepEqual(got, want) {
		t.Fatalf("line %s\ngot  %+v\nwant %+v", line, got, want)
	}
	return true
}

func TestScannerTakesWhatPerfSendWrites(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	var b bytes.Buffer
	w := jsonl.NewWriter(&b)
	for range 2000 {
		rec := randomRecord(r)
		rec.ID, rec.Error, rec.ChunkTokens = "id", nil, nil
		for i := range rec.GapUs {
			rec.GapUs[i] = max(0, rec.GapUs[i])
		}
		for _, v := range []*float64{&rec.QueueMs, &rec.LagMs, &rec.ReadDelayMs, &rec.ClientCPU, &rec.ConnectMs, &rec.TTFTMs, &rec.ReasoningTTFTMs, &rec.LatencyMs, &rec.Rate} {
			*v = float64(micro(*v)) / 1000
		}
		rec.SentUs, rec.ScheduledUs = rec.SentUs%1e17, rec.ScheduledUs%1e17
		b.Reset()
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
		if line := bytes.TrimSpace(b.Bytes()); !agrees(t, line) {
			t.Fatalf("the scanner leaves %s to the decoder", line)
		}
	}
}

func TestScannerLeavesTheRest(t *testing.T) {
	for _, line := range []string{
		`{}`, `{"ok":true`, `{"ok":true}x`, `{"ok":true,}`, `{"ok": true}`, `{"ok":tru}`, `{"ok":1}`, `{"ok":null}`, `{"unknown":1}`,
		`{"seq":01}`, `{"seq":1.5}`, `{"seq":1e3}`, `{"seq":-}`, `{"seq":1234567890123456789012}`, `{"latency_ms":01.5}`, `{"latency_ms":.5}`,
		`{"latency_ms":5.}`, `{"latency_ms":1e3}`, `{"latency_ms":1.2345678901234567}`, `{"gap_us":[]}`, `{"gap_us":[1,]}`, `{"gap_us":[01]}`,
		`{"gap_us":[1.5]}`, `{"gap_us":[-1]}`, `{"gap_us":[1`, `{"gap_us":null}`, `{"run":"a\"b"}`, `{"run":"ü"}`, `{"run":"a`, `{"run":1}`,
		"{\"run\":\"a\tb\"}", `{"error":{"kind":"http"}}`, `{"labels":{"a":"b"}}`, `[]`, ``, `{`, `{"`,
	} {
		var s scanner
		var r record.Record
		if s.scan([]byte(line), &r) {
			t.Errorf("taken: %s", line)
		}
	}
	for _, line := range []string{`{"ok":true}`, `{"seq":-7,"ok":false}`, `{"latency_ms":-0.25}`, `{"latency_ms":0}`, `{"gap_us":[0,12]}`, `{"seq":1,"seq":2}`} {
		if !agrees(t, []byte(line)) {
			t.Errorf("not taken: %s", line)
		}
	}
}

func FuzzScanner(f *testing.F) {
	for line := range strings.Lines(`{"ok":true,"run":"rate=10","seq":12,"ttft_ms":1.25,"gap_us":[1,20,300],"latency_ms":99.125,"prompt_tokens":3}
{"seq":-1,"lag_ms":-0.5,"reused":false,"url":"http://x/","gap_us":[0]}
{"id":"a","status":200,"tpot_ms":0.000001,"client_cpu":123456789012.345}`) {
		f.Add([]byte(strings.TrimSpace(line)))
	}
	f.Fuzz(func(t *testing.T, line []byte) { agrees(t, line) })
}
