package why

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"perfpipe/internal/record"
)

// run simulates n requests over ten minutes. Everything about them is random; slow returns the factors by which the
// causes make a request slower.
func run(seed uint64, n int, slow func(r *record.Record, inFlight int) float64) []*record.Record {
	rng := rand.New(rand.NewPCG(seed, 7))
	var list []*record.Record
	var ends []int64
	at := 0.0
	for i := range n {
		// Bursts of several seconds.
		rate := float64(n) / 600e6 * (1 + 0.8*math.Sin(at/4e6))
		at += rng.ExpFloat64() / rate
		r := &record.Record{
			ID: fmt.Sprint(i), RunID: fmt.Sprint(seed), OK: true, Status: 200, SentUs: 1e15 + int64(at),
			URL:          fmt.Sprintf("http://replica-%d:8000/v1/chat/completions", rng.IntN(4)),
			PromptTokens: int(500 * math.Exp(rng.NormFloat64()*0.8)), CompletionTokens: 50 + rng.IntN(100),
			Turn: 1 + rng.IntN(5), Reused: rng.IntN(10) > 0, ServerFrom: "vllm",
			Labels: map[string]string{"tenant": string(rune('a' + rng.IntN(6)))},
			Keys:   record.KeyCachedTokens | record.KeyRetransmits | record.KeyServerQueueMs,
		}
		if rng.IntN(30) == 0 {
			r.Retransmits = 1 + rng.IntN(3)
		}
		r.CachedTokens = int(float64(r.PromptTokens) * rng.Float64())
		r.ServerQueueMs = math.Round(rng.ExpFloat64()*5000) / 1000
		ends = slices.DeleteFunc(ends, func(end int64) bool { return end <= r.SentUs })
		r.TTFTMs = math.Round(1e5*math.Exp(rng.NormFloat64()*0.35)*slow(r, len(ends))) / 1000
		r.LatencyMs = r.TTFTMs + float64(r.CompletionTokens)*20
		ends = append(ends, r.EndUs())
		list = append(list, r)
	}
	return list
}

// causes are those that can be planted, by the name of their question.
func causes() map[string]func(r *record.Record, inFlight int) float64 {
	factorIf := func(is bool, factor float64) float64 {
		if is {
			return factor
		}
		return 1
	}
	return map[string]func(r *record.Record, inFlight int) float64{
		"prompt_tokens":   func(r *record.Record, _ int) float64 { return 1 + float64(r.PromptTokens)/1000 },
		"cached_share":    func(r *record.Record, _ int) float64 { return factorIf(10*r.CachedTokens < r.PromptTokens, 2.2) },
		"in_flight":       func(r *record.Record, inFlight int) float64 { return 1 + float64(inFlight)/8 },
		"url":             func(r *record.Record, _ int) float64 { return factorIf(strings.Contains(r.URL, "replica-2"), 1.6) },
		"new_connection":  func(r *record.Record, _ int) float64 { return factorIf(!r.Reused, 2) },
		"retransmits":     func(r *record.Record, _ int) float64 { return factorIf(r.Retransmits > 0, 3) },
		"server_queue_ms": func(r *record.Record, _ int) float64 { return 1 + r.ServerQueueMs/12 },
		"turn":            func(r *record.Record, _ int) float64 { return factorIf(r.Turn == 1, 1.7) },
		"time":            func(r *record.Record, _ int) float64 { return factorIf((r.SentUs-1e15)/60e6 == 6, 2) },
		"labels.tenant":   func(r *record.Record, _ int) float64 { return factorIf(r.Labels["tenant"] == "d", 1.7) },
	}
}

func report(list []*record.Record) *Report {
	t := New("ttft_ms")
	for _, r := range list {
		t.Add(r)
	}
	return t.Report()
}

func names(r *Report) (list []string) {
	for _, c := range r.Causes {
		list = append(list, c.Property)
	}
	return list
}

// A planted cause, alone or one of two, is named first.
func TestPlanted(t *testing.T) {
	all := causes()
	keys := []string{"prompt_tokens", "cached_share", "in_flight", "url", "new_connection", "retransmits", "server_queue_ms",
		"turn", "time", "labels.tenant"}
	right, runs, both := 0, 0, 0
	check := func(planted ...string) {
		runs++
		got := report(run(uint64(runs), 2000, func(r *record.Record, inFlight int) float64 {
			factor := 1.0
			for _, p := range planted {
				factor *= all[p](r, inFlight)
			}
			return factor
		}))
		found := names(got)
		if len(found) > 0 && slices.Contains(planted, found[0]) {
			right++
		}
		if len(planted) == 2 && slices.Contains(found, planted[0]) && slices.Contains(found, planted[1]) {
			both++
		}
		t.Logf("%v: %v", planted, found)
	}
	for i, key := range keys {
		check(key)
		check(key)
		check(key, keys[(i+1)%len(keys)])
		check(key, keys[(i+4)%len(keys)])
	}
	if runs != 40 || right < 38 || both < 16 {
		t.Errorf("of %d runs, the first cause is right in %d; of 20 with two, both are named in %d", runs, right, both)
	}
}

// Without a cause, none is named.
func TestNothingPlanted(t *testing.T) {
	named := 0
	for seed := range uint64(40) {
		if r := report(run(1000+seed, 2000, func(*record.Record, int) float64 { return 1 })); len(r.Causes) > 0 {
			named++
			t.Log(seed, r.Causes[0].Sentence)
		}
	}
	if named > 2 {
		t.Errorf("in %d of 40 runs", named)
	}
}
