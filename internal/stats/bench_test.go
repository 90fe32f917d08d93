package stats

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"perfpipe/internal/jsonl"
	"perfpipe/internal/record"
)

// streams returns n record lines of streamed answers with 128 chunks each and log-normal gaps.
func streams(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	w := jsonl.NewWriter(&b)
	for i := range int64(n) {
		at := int64(epoch) + i*10_000
		rec := record.Record{
			ID: fmt.Sprint("request-", i), Seq: i, Run: "rate=100", Mode: "open", Rate: 100,
			Phase: record.PhaseMeasure, API: "openai", Op: "chat", Model: "a/model-7B",
			URL:         "http://127.0.0.1:8000/v1/chat/completions",
			ScheduledUs: at, SentUs: at + 60, LagMs: 0.06, Clock: "kernel", ReadDelayMs: 0.2, ClientCPU: 0.1,
			Reused: true, TTFTMs: math.Round(150_000*math.Exp(0.3*r.NormFloat64())) / 1000,
			PromptTokens: 900 + r.IntN(200), CompletionTokens: 128, TokensFrom: "usage",
			FinishReason: "length", Status: 200, OK: true,
		}
		for range 127 {
			rec.GapUs = append(rec.GapUs, int64(20_000*math.Exp(0.25*r.NormFloat64())))
		}
		rec.LatencyMs = math.Round(rec.LastChunkMs()*1000) / 1000
		if err := w.Write(&rec); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

// BenchmarkRead measures reading and summarizing records with one worker.
func BenchmarkRead(b *testing.B) {
	data := streams(20_000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		s := NewStream(Options{}, 1, false)
		if err := s.Read(context.Background(), bytes.NewReader(data), "in"); err != nil {
			b.Fatal(err)
		}
		s.Collector().Summary()
	}
}
