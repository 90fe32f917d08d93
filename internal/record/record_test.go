package record

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// The files that generate.go writes are those of record.go.
func TestGenerated(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "internal", "record")
	for _, d := range []string{dir, filepath.Join(root, "docs")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("go", "run", "generate.go", "-dir", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"internal/record/fields.go", "docs/record.schema.json"} {
		got, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s is out of date: run go generate ./internal/record", name)
		}
	}
}

func TestChunkTimes(t *testing.T) {
	r := Record{TTFTMs: 200, GapUs: []int64{20000, 20500}, CompletionTokens: 3, LatencyMs: 241, QueueMs: 5, LagMs: 1,
		SentUs: 1000}
	if got := r.LastChunkMs(); got != 240.5 {
		t.Errorf("last chunk at %v", got)
	}
	if got, ok := r.TPOT(); got != 20.25 || !ok {
		t.Errorf("TPOT %v, %v", got, ok)
	}
	if got := r.ResponseMs(); got != 247 {
		t.Errorf("response time %v", got)
	}
	if got := r.EndUs(); got != 242000 {
		t.Errorf("end %v", got)
	}
	for _, none := range []Record{{TTFTMs: 1, CompletionTokens: 1}, {CompletionTokens: 5}, {TTFTMs: 1,
		CompletionTokens: 5}, {}} {
		if v, ok := none.TPOT(); ok {
			t.Errorf("%+v has a TPOT of %v", none, v)
		}
	}
}

// What lines of other programs lack follows from what they have, or is unknown.
func TestOfOtherMakers(t *testing.T) {
	for _, test := range []struct {
		line     string
		ok       bool
		lag      float64 // NaN: not known
		response float64
		tpot     float64 // NaN: none
	}{
		{`{"latency_ms":10,"status":200}`, true, math.NaN(), 10, math.NaN()},
		{`{"latency_ms":10,"status":503}`, false, math.NaN(), 10, math.NaN()},
		{`{"latency_ms":10,"error":{"kind":"http"}}`, false, math.NaN(), 10, math.NaN()},
		{`{"latency_ms":10,"scheduled_us":1000,"sent_us":3500,"queue_ms":1}`, true, 1.5, 12.5, math.NaN()},
		{`{"latency_ms":10,"scheduled_us":1000,"sent_us":900,"ok":false}`, false, 0, 10, math.NaN()},
		{`{"latency_ms":10,"scheduled_us":1000,"sent_us":3500,"lag_ms":0,"tpot_ms":4}`, true, 0, 10, 4},
		{`{"latency_ms":10,"ttft_ms":2,"gap_us":[3000,3000],"tpot_ms":4,"completion_tokens":3}`, true, math.NaN(), 10, 3},
		{`{"latency_ms":10,"ttft_ms":2,"completion_tokens":3}`, true, math.NaN(), 10, math.NaN()},
	} {
		for _, line := range []string{test.line, strings.ReplaceAll(test.line, ":", ": ")} { // by the scanner, by the decoder
			var d Decoder
			r, err := d.Decode([]byte(line))
			if err != nil {
				t.Fatal(err)
			}
			if lag, known := r.Lag(); known == math.IsNaN(test.lag) || known && lag != test.lag {
				t.Errorf("%s: lag %v, %v", line, lag, known)
			}
			if tpot, known := r.TPOT(); known == math.IsNaN(test.tpot) || known && tpot != test.tpot {
				t.Errorf("%s: TPOT %v, %v", line, tpot, known)
			}
			if r.OK != test.ok || r.ResponseMs() != test.response {
				t.Errorf("%s: %v, response %v", line, r.OK, r.ResponseMs())
			}
		}
	}
}

// A field that was not measured is absent rather than zero.
func TestAbsentKeys(t *testing.T) {
	b, err := json.Marshal(Record{})
	if want := `{"seq":0,"scheduled_us":0,"queue_ms":0,"sent_us":0,"lag_ms":0,"reused":false,"latency_ms":0,"ok":false}`; string(b) != want || err != nil {
		t.Errorf("%s %v", b, err)
	}
}

// full returns a record with every field set, by reflection, so that new fields are tested, too.
func full(t *testing.T) Record {
	var r Record
	v := reflect.ValueOf(&r).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Interface().(type) {
		case string:
			f.SetString("a<b> \"ü\"\n")
		case int, int64:
			f.SetInt(int64(1234 + i))
		case float64:
			f.SetFloat(0.0005 + float64(i)*1.001)
		case Keys: // not written
		case bool:
			f.SetBool(true)
		case []int64:
			f.Set(reflect.ValueOf([]int64{0, -1, 123456}))
		case []int:
			f.Set(reflect.ValueOf([]int{1, 2}))
		case map[string]string:
			f.Set(reflect.ValueOf(map[string]string{"k": "v"}))
		case *Error:
			f.Set(reflect.ValueOf(&Error{Kind: KindHTTP, Message: "no"}))
		default:
			if f.Type().Elem().Kind() != reflect.Uint8 {
				t.Fatalf("%s: no test for a %s", v.Type().Field(i).Name, f.Type())
			}
			f.SetBytes([]byte(`{"a":[1,2]}`))
		}
	}
	return r
}

func TestAppendJSONIsTheEncoding(t *testing.T) {
	floats := []float64{0.001, 0.1, 0.12, 1, 1.005, 8.2, 10.0665, 123456.789, 1e-7, 1e15, 1.1e15, 3, 4.35, 0.29, 1002.003}
	recs := []Record{{}, full(t)}
	for c := range 256 { // in a word of eight bytes, and after it
		text := strings.Repeat("x", 3) + string([]byte{byte(c)}) + strings.Repeat("y", 4)
		recs = append(recs, Record{Model: text}, Record{Model: "12345678" + text[:4]}, Record{Model: string(rune(c)) + text})
	}
	for _, f := range floats {
		recs = append(recs, Record{LatencyMs: f, TPOTMs: -f})
	}
	for i := range 3000 {
		recs = append(recs, Record{LatencyMs: float64(i*7919) / 1000, TTFTMs: float64(i) / 7})
	}
	for _, r := range recs {
		got, err := r.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		var a, b Record
		want, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if json.Unmarshal(want, &a) != nil || json.Unmarshal(got, &b) != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
		var keys, wantKeys map[string]json.RawMessage
		json.Unmarshal(got, &keys)
		json.Unmarshal(want, &wantKeys)
		if len(keys) != len(wantKeys) {
			t.Errorf("%d keys of %d: %s", len(keys), len(wantKeys), got)
		}
	}
	bad := Record{LatencyMs: math.NaN()}
	if _, err := bad.AppendJSON(nil); err == nil {
		t.Error("NaN is written")
	}
}

// A count of 0 cached tokens is written if the server reported it.
func TestCachedTokensOfZeroAreWritten(t *testing.T) {
	for _, c := range []struct {
		r    Record
		says bool
	}{{Record{}, false}, {Record{Keys: KeyCachedTokens}, true}, {Record{CachedTokens: 3}, true}} {
		line, err := c.r.AppendJSON(nil)
		if err != nil || strings.Contains(string(line), `"cached_tokens"`) != c.says {
			t.Errorf("%s (%v), want cached_tokens %v", line, err, c.says)
		}
	}
}

// The text that an Encoder caches is not used for a record that differs.
func TestEncoderSeesChanges(t *testing.T) {
	var e Encoder
	for _, r := range []Record{{Run: "a", Rate: 1}, {Run: "a", Rate: 1, URL: "u"}, {}, {Run: "a"}, {Run: "\""}, {Run: "\"",
		Phase: "p"}} {
		got, err := e.Append(nil, &r)
		want, _ := r.AppendJSON(nil)
		if err != nil || string(got) != string(want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if _, err := e.Append(nil, &Record{Rate: math.Inf(1)}); err == nil {
		t.Error("an infinite rate is written")
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	var e Encoder
	r := Record{
		ID: "mwv6b5vw-0", Seq: 12345, Run: "parallel=64", Mode: "closed", Parallel: 64, Phase: PhaseMeasure, API: "openai",
		Op: "chat", Model: "m",
		URL: "http://127.0.0.1:8000/v1/chat/completions", ScheduledUs: 1795553694861710, SentUs: 1795553694861741,
		LagMs: 0.031, Clock: "kernel",
		ReadDelayMs: 0.055, Reused: true, HeadersMs: 0.302, TTFTMs: 54.583, ContentTTFTMs: 54.583, LatencyMs: 94.849,
		PromptTokens:     2,
		CompletionTokens: 1, TokensFrom: "usage", FinishReason: "length", Status: 200, OK: true, BytesSent: 300,
		BytesReceived: 1682,
	}
	var buf []byte
	for b.Loop() {
		buf, _ = e.Append(buf[:0], &r)
	}
}
