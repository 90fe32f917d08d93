package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// replay replays a captured log of 5,000 requests in 100 s at ten times the speed, from perf-gen through a pipe.
func (b *bench) replay() error {
	const n = 5000
	r, at := rand.New(rand.NewPCG(1, 2)), 1_700_000_000.0
	var log strings.Builder
	for i := range n {
		fmt.Fprintf(&log, `{"timestamp":%.6f,"request_id":"q%d","body":{"model":"sim",`+
			`"messages":[{"role":"user","content":"%d"}],"max_tokens":8,"stream":true}}`+"\n", at, i, i)
		at += r.ExpFloat64() / 50
	}
	file, out := b.path("log.jsonl"), b.path("records.jsonl")
	if err := os.WriteFile(file, []byte(log.String()), 0o644); err != nil {
		return err
	}
	var lag []float64
	for range b.runs {
		err := b.withServer("ttft=20ms,per-token=0s,itl=2ms,jitter=0,slots=100000", func(url string) error {
			line := fmt.Sprintf("%[1]s --dataset trace --sort %[2]s |"+
				" %[3]s --arrival trace --speedup 10 --url %[4]s --no-progress --force -o %[5]s",
				filepath.Join(b.bin, "perf-gen"), file, filepath.Join(b.bin, "perf-send"), url, out)
			if _, err := b.client("sh", "-c", line); err != nil {
				return err
			}
			l, _, err := lateness(out)
			lag = append(lag, l)
			return err
		})
		if err != nil {
			return err
		}
	}
	b.row("replay of a log, 500/s: lag p99 (ms)", "%.3f", lag)
	return nil
}
