package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// agrees checks that a line that the scanner reads is the same record for a decoder of any JSON.
func agrees(t *testing.T, s *scanner, line []byte) (taken bool) {
	t.Helper()
	got, taken := s.scan(bytes.Clone(line))
	if !taken {
		return false
	}
	var want Record
	if err := json.Unmarshal(line, &want); err != nil {
		t.Fatalf("taken, but the decoder says %v: %s", err, line)
	}
	if want.Keys = keysOf(line); !same(got, &want) {
		t.Fatalf("line %s\ngot  %+v\nwant %+v", line, got, want)
	}
	return true
}

// same compares records. Empty and nil lists are equal, and it ignores what a Decoder does not read.
func same(a, b *Record) bool {
	x, y := *a, *b
	for _, r := range []*Record{&x, &y} {
		if len(r.GapUs) == 0 {
			r.GapUs = nil
		}
		if len(r.ChunkTokens) == 0 {
			r.ChunkTokens = nil
		}
		if len(r.PauseUs) == 0 {
			r.PauseUs = nil
		}
		if len(r.GapUs) > 0 {
			r.TPOTMs = 0 // a Decoder leaves it out
		}
	}
	return reflect.DeepEqual(x, y)
}

// written returns a random record like those of perf-send.
func written(r *rand.Rand) Record {
	ms := func() float64 { return float64(r.IntN(1e6)) / 1000 }
	rec := Record{
		ID: fmt.Sprint("id-", r.IntN(1e5)), Seq: r.Int64N(1e6), RunID: "k3v9q2m4x7ab", Run: "rate=10", Mode: "open", Rate: 10,
		Phase: PhaseMeasure, API: "openai", Op: "chat",
		Model: "a/b", URL: "http://127.0.0.1:8000/v1", ScheduledUs: 1.7e15 + r.Int64N(1e10), SentUs: 1.7e15 + r.Int64N(1e10),
		LagMs: ms(), Clock: "kernel",
		ReadDelayMs: ms(), ClientCPU: ms() / 1000, Reused: r.IntN(9) > 0, HeadersMs: ms(), LatencyMs: ms(),
		PromptTokens: r.IntN(3000), Status: 200,
		OK: true, BytesSent: r.Int64N(1e4), BytesReceived: r.Int64N(1e5),
	}
	if !rec.Reused {
		rec.ConnectMs = ms()
	}
	if r.IntN(3) > 0 {
		rec.TTFTMs = ms()
		rec.ContentTTFTMs, rec.CompletionTokens, rec.TPOTMs = rec.TTFTMs, r.IntN(200), r.Float64()*100
		for range r.IntN(40) {
			rec.GapUs = append(rec.GapUs, int64(r.ExpFloat64()*[]float64{3, 900, 20_000, 1e6, 1e12}[r.IntN(5)]))
			rec.ChunkTokens = append(rec.ChunkTokens, r.IntN(12))
		}
	}
	if r.IntN(4) == 0 {
		rec.Session, rec.Turn, rec.Labels = fmt.Sprint("s", r.IntN(10)), r.IntN(3),
			map[string]string{"tenant": fmt.Sprint(r.IntN(2)), "b": "c"}
	}
	return rec
}

func TestScannerTakesWhatPerfSendWrites(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	var s scanner
	var line []byte
	for range 20_000 {
		rec := written(r)
		var err error
		if line, err = rec.AppendJSON(line[:0]); err != nil {
			t.Fatal(err)
		}
		if !agrees(t, &s, line) {
			t.Fatalf("left to the decoder: %s", line)
		}
	}
}

func TestScannerLeavesTheRest(t *testing.T) {
	for _, line := range []string{
		`{}`, `{"ok":true`, `{"ok":true}x`, `{"ok":true,}`, `{"ok": true}`, `{"ok":tru}`, `{"ok":1}`, `{"ok":null}`,
		`{"unknown":1}`,
		`{"seq":01}`, `{"seq":1.5}`, `{"seq":1e3}`, `{"seq":-}`, `{"seq":1234567890123456789012}`, `{"latency_ms":01.5}`,
		`{"latency_ms":.5}`,
		`{"latency_ms":5.}`, `{"latency_ms":1e3}`, `{"latency_ms":--1}`, `{"gap_us":[]}`, `{"gap_us":[1,]}`,
		`{"gap_us":[01]}`, `{"seq":1,"seq":2}`,
		`{"gap_us":[12345,12345,02345,12345]}`, `{"gap_us":[12345,12345,1234 ,12345]}`,
		`{"gap_us":[12345,12345,12345x12345]}`,
		`{"gap_us":[1.5]}`, `{"gap_us":[-1]}`, `{"gap_us":[1`, `{"gap_us":null}`, `{"run":"a\"b"}`, `{"run":"ü"}`,
		`{"run":"a`, `{"run":1}`,
		"{\"run\":\"a\tb\"}", `{"error":{"kind":"http"}}`, `{"labels":{}}`, `{"labels":{"a":1}}`, `{"labels":{"a":"b",}}`,
		`[]`, ``, `{`, `{"`,
	} {
		var s scanner
		if _, ok := s.scan([]byte(line)); ok {
			t.Errorf("taken: %s", line)
		}
	}
	for _, line := range []string{
		`{"ok":true}`, `{"seq":-7,"ok":false}`, `{"latency_ms":-0.25}`, `{"latency_ms":0}`, `{"gap_us":[0,12]}`,
		`{"labels":{"a":"b"}}`,
		`{"latency_ms":1.2345678901234567}`, `{"latency_ms":-10.011535433070867}`, `{"latency_ms":123456789012345.6}`,
		`{"seq":123456789012345678}`,
		`{"gap_us":[12345,12345,12345,1234,123456,7,12345678,12345678,1234567,1234567,1234567]}`,
		`{"gap_us":[1,1,0,0,1,10,10,10,1]}`,
	} {
		if !agrees(t, new(scanner), []byte(line)) {
			t.Errorf("not taken: %s", line)
		}
	}
}

// A line with other keys, or one that the decoder reads, does not affect the lines after it.
func TestDecoderKeepsNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var d Decoder
	for i := range 5000 {
		rec := written(r)
		line, _ := rec.AppendJSON(nil)
		switch i % 5 {
		case 0:
			line = bytes.Replace(line, []byte(`"ok":true`), []byte(`"ok" : false,"error":{"kind":"http","message":"no"}`), 1)
		case 1:
			line = append(line[:len(line)/2], `,"ok":tru`...)
		}
		var want Record
		errWant := json.Unmarshal(line, &want)
		got, err := d.Decode(line)
		if (err == nil) != (errWant == nil) {
			t.Fatalf("%v, not %v, of %s", err, errWant, line)
		}
		if err != nil {
			continue
		}
		if want.Keys = keysOf(line); !same(got, &want) {
			t.Fatalf("line %s\ngot  %+v\nwant %+v", line, got, want)
		}
	}
}

func TestKeys(t *testing.T) {
	for line, want := range map[string]Keys{
		`{}`:                     0,
		`{"lag_ms":0,"ok":true}`: KeyLagMs | KeyOK,
		` { "Lag_MS" : 0 , "queue_ms" : null, "id" : "sent_us" } `:                                       KeyLagMs,
		`{"extra":{"lag_ms":1,"l":["ok",{"ok":1}]},"items":0,"output":"\"ok\":","cached\u005ftokens":0}`: KeyItems | KeyCachedTokens,
		`{"sent_us":1,"gap_us":[1,2],"latency_ms":1.5}`:                                                  KeySentUs | KeyLatencyMs,
	} {
		if got := keysOf([]byte(line)); got != want|keyLine {
			t.Errorf("%s has %b, not %b", line, got, want|keyLine)
		}
		var d Decoder
		if r, err := d.Decode([]byte(line)); err != nil || r.Keys != want|keyLine {
			t.Errorf("%s: %v %v", line, r, err)
		}
	}
	r := Record{Keys: keyLine | KeyLagMs}
	if !r.Says(KeyLagMs) || r.Lacks(KeyLagMs) || r.Says(KeyQueueMs) || !r.Lacks(KeyQueueMs) {
		t.Error("lag_ms is said and queue_ms lacks")
	}
	if r = (Record{}); r.Says(KeyLagMs) || r.Lacks(KeyLagMs) {
		t.Error("of a record that was not read nothing is said and nothing lacks")
	}
}

// FuzzScanner holds some lines, read one after the other, against a decoder of any JSON.
func FuzzScanner(f *testing.F) {
	f.Add([]byte(`{"ok":true,"run":"rate=10","seq":12,"ttft_ms":1.25,"gap_us":[1,20,300],"latency_ms":99.125,"prompt_tokens":3}
{"ok":true,"run":"rate=10","seq":13,"ttft_ms":1.5,"gap_us":[1,20,300],"latency_ms":9.125,"prompt_tokens":3}
{"ok":false,"run":"rate=10","seq":13,"ttft_ms":1.5,"gap_us":[12345,12345,54321,65432],"latency_ms":9.125,"prompt_tokens":3}`))
	f.Add([]byte(`{"seq":-1,"lag_ms":-0.5,"reused":false,"url":"http://x/","gap_us":[0]}`))
	f.Add([]byte(`{"id":"a","status":200,"tpot_ms":0.000001,"client_cpu":123456789012.345,"labels":{"a":"b"}}
{"id":"b","status":200,"tpot_ms":10.011535433070867,"client_cpu":0.5,"labels":{"a":"c"}}`))
	f.Fuzz(func(t *testing.T, lines []byte) {
		var s scanner
		for line := range strings.Lines(string(lines)) {
			agrees(t, &s, []byte(strings.TrimSuffix(line, "\n")))
		}
	})
}

// A whole number may be written with a fraction of zeros or an exponent, in any place; one with another fraction is
// refused.
func TestDecodeWholeFloats(t *testing.T) {
	var d Decoder
	r, err := d.Decode([]byte(`{"id":"a 1.0","prompt_tokens":64.0,"completion_tokens":1e1,"sent_us":1.79e15,"gap_us":[1.0,20.00],"latency_ms":1.5,"turn":null,"status":200.0,"ok":true}`))
	if err != nil {
		t.Fatal(err)
	}
	if r.ID != "a 1.0" || r.PromptTokens != 64 || r.CompletionTokens != 10 || r.SentUs != 1_790_000_000_000_000 ||
		!reflect.DeepEqual(r.GapUs, []int64{1, 20}) ||
		r.LatencyMs != 1.5 || r.Status != 200 || !r.Says(KeyPromptTokens) {
		t.Errorf("%+v", r)
	}
	for _, line := range []string{`{"prompt_tokens":64.5,"ok":true}`, `{"prompt_tokens":1e300,"ok":true}`,
		`{"prompt_tokens":"64","ok":true}`} {
		if r, err := d.Decode([]byte(line)); err == nil {
			t.Errorf("%s: %+v", line, r)
		}
	}
}

// Secrets in URLs of records that others made are shown by no reader.
func TestDecodeHides(t *testing.T) {
	for _, line := range []string{
		`{"id":"a","url":"https://me:pw@h/v1?key=SECRETQ","ok":false,"error":{"kind":"http","message":"GET https://h/?token=SECRETQ failed"}}`,
		`{"url":"https:\/\/me:pw@h/v1?key=SECRETQ","error":{"kind":"http","message":"GET https://h/?token=SECRETQ failed"},"id":"a","ok":false}`,
	} {
		r, err := new(Decoder).Decode([]byte(line))
		if err != nil || r.URL != "https://***@h/v1?key=***" || r.Error.Message != "GET https://h/?token=*** failed" {
			t.Errorf("%s: %+v %+v %v", line, r, r.Error, err)
		}
	}
}
