// Package reporttest makes records for tests of reports and charts.
package reporttest

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"

	"perfpipe/internal/jsonl"
	"perfpipe/internal/record"
)

// Load is a simulated load point: requests at a rate to a server with a number of slots.
type Load struct {
	Run      string
	N        int
	Rate     float64 // requests/s
	Slots    int
	Chunks   int
	Warmup   int
	Failures float64 // share
	Turns    int
}

// Records returns the records of successive load points, by a simulation of the server's queue.
func Records(seed uint64, points ...Load) []record.Record {
	rnd := rand.New(rand.NewPCG(seed, 7))
	var out []record.Record
	began := int64(1_764_000_000_000_000)
	for _, p := range points {
		free := make([]float64, p.Slots)
		at, end := 0.0, 0.0
		for i := range p.N {
			at += rnd.ExpFloat64() / p.Rate
			k := 0
			for j := range free {
				if free[j] < free[k] {
					k = j
				}
			}
			r := record.Record{
				ID: fmt.Sprintf("r%d", len(out)), Seq: int64(len(out)), Run: p.Run, Mode: "open", Rate: p.Rate,
				Phase: record.PhaseMeasure,
				API:   record.SimAPI, Op: "chat", Model: "sim-7b", URL: "http://127.0.0.1:1/v1/chat/completions", Clock: "user",
				ClientCPU:   0.1,
				ScheduledUs: began + int64(at*1e6), LagMs: math.Round(rnd.ExpFloat64()*400) / 1000, PromptTokens: 64 +
					rnd.IntN(960), Reused: i > 0, Status: 200, OK: true,
			}
			if i < p.Warmup {
				r.Phase = record.PhaseWarmup
			}
			if p.Turns > 0 {
				r.Session, r.Turn = fmt.Sprintf("s%d", i/p.Turns), 1+i%p.Turns
			}
			r.SentUs = r.ScheduledUs + int64(r.LagMs*1000)
			prefill := 0.02 + float64(r.PromptTokens)*0.0001*(0.8+0.4*rnd.Float64())
			r.TTFTMs = math.Round((max(free[k]-at, 0)+prefill)*1e6) / 1000
			r.CompletionTokens, r.TokensFrom, r.FinishReason = p.Chunks, "usage", "stop"
			r.LatencyMs = r.TTFTMs
			for range p.Chunks - 1 {
				gap := int64(15_000 * (0.6 + 0.8*rnd.Float64()))
				r.GapUs = append(r.GapUs, gap)
				r.LatencyMs += float64(gap) / 1000
			}
			r.LatencyMs = math.Round(r.LatencyMs*1000) / 1000
			free[k] = at + r.LatencyMs/1000
			end = max(end, free[k])
			if rnd.Float64() < p.Failures {
				kind := []string{record.KindHTTP, record.KindReadTimeout, record.KindTruncated}[rnd.IntN(3)]
				r.OK, r.Error, r.TTFTMs, r.GapUs, r.CompletionTokens = false, &record.Error{Kind: kind, Message: kind +
					" happened"}, 0, nil, 0
			}
			out = append(out, r)
		}
		began += int64((end + 2) * 1e6)
	}
	return out
}

// Lines returns records as perf-send writes them.
func Lines(records []record.Record) []byte {
	var b bytes.Buffer
	w := jsonl.NewWriter(&b)
	for i := range records {
		if err := w.Write(&records[i]); err != nil {
			panic(err) // a Buffer takes everything
		}
	}
	return b.Bytes()
}

// Sweep returns load points around the capacity of the simulated server.
func Sweep(points, n int) []Load {
	var out []Load
	for i := range points {
		rate := 2 + 30*float64(i)/float64(points)
		out = append(out, Load{Run: fmt.Sprintf("rate=%g", rate), N: n, Rate: rate, Slots: 8, Chunks: 24, Warmup: n / 20,
			Failures: 0.02})
	}
	return out
}
