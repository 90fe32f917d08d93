package main

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"

	"llmperf/internal/jsonl"
	"llmperf/internal/record"
)

// load is a made-up load point: requests at a rate to a server of so many slots.
type load struct {
	run      string
	n        int
	rate     float64 // requests/s
	slots    int
	chunks   int
	warmup   int
	failures float64 // share
	turns    int
}

// synth makes the records of load points, one after another, by a queue that is worked off.
func synth(seed uint64, points ...load) []record.Record {
	rnd := rand.New(rand.NewPCG(seed, 7))
	var out []record.Record
	began := int64(1_764_000_000_000_000)
	for _, p := range points {
		free := make([]float64, p.slots)
		at, end := 0.0, 0.0
		for i := range p.n {
			at += rnd.ExpFloat64() / p.rate
			k := 0
			for j := range free {
				if free[j] < free[k] {
					k = j
				}
			}
			r := record.Record{
				ID: fmt.Sprintf("r%d", len(out)), Seq: int64(len(out)), Run: p.run, Mode: "open", Rate: p.rate, Phase: record.PhaseMeasure,
				API: record.SimAPI, Op: "chat", Model: "sim-7b", URL: "http://127.0.0.1:1/v1/chat/completions", Clock: "user", ClientCPU: 0.1,
				ScheduledUs: began + int64(at*1e6), LagMs: math.Round(rnd.ExpFloat64()*400) / 1000, PromptTokens: 64 + rnd.IntN(960), Reused: i > 0, Status: 200, OK: true,
			}
			if i < p.warmup {
				r.Phase = record.PhaseWarmup
			}
			if p.turns > 0 {
				r.Session, r.Turn = fmt.Sprintf("s%d", i/p.turns), 1+i%p.turns
			}
			r.SentUs = r.ScheduledUs + int64(r.LagMs*1000)
			prefill := 0.02 + float64(r.PromptTokens)*0.0001*(0.8+0.4*rnd.Float64())
			r.TTFTMs = math.Round((max(free[k]-at, 0)+prefill)*1e6) / 1000
			r.CompletionTokens, r.TokensFrom, r.FinishReason = p.chunks, "usage", "stop"
			r.LatencyMs = r.TTFTMs
			for range p.chunks - 1 {
				gap := int64(15_000 * (0.6 + 0.8*rnd.Float64()))
				r.GapUs = append(r.GapUs, gap)
				r.LatencyMs += float64(gap) / 1000
			}
			r.LatencyMs = math.Round(r.LatencyMs*1000) / 1000
			free[k] = at + r.LatencyMs/1000
			end = max(end, free[k])
			if rnd.Float64() < p.failures {
				kind := []string{record.KindHTTP, record.KindReadTimeout, record.KindTruncated}[rnd.IntN(3)]
				r.OK, r.Error, r.TTFTMs, r.GapUs, r.CompletionTokens = false, &record.Error{Kind: kind, Message: kind + " happened"}, 0, nil, 0
			}
			out = append(out, r)
		}
		began += int64((end + 2) * 1e6)
	}
	return out
}

// lines are records as perf-send writes them.
func lines(records []record.Record) []byte {
	var b bytes.Buffer
	w := jsonl.NewWriter(&b)
	for i := range records {
		if err := w.Write(&records[i]); err != nil {
			panic(err) // a Buffer takes everything
		}
	}
	return b.Bytes()
}

// sweepOf is twenty load points or fewer around the capacity of the made-up server.
func sweepOf(points, n int) []load {
	var out []load
	for i := range points {
		rate := 2 + 30*float64(i)/float64(points)
		out = append(out, load{run: fmt.Sprintf("rate=%g", rate), n: n, rate: rate, slots: 8, chunks: 24, warmup: n / 20, failures: 0.02})
	}
	return out
}
