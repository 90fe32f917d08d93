package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"

	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// verdicts compares the load generator's verdict with the error of its times, for several speeds and numbers of
// streams, with up to two busy loops on the core of perf-send.
func (b *bench) verdicts() error {
	b.out.Header = []string{
		"streams", "an event each", "busy loops beside it", "read late, together (%)", "event times off, p99 (ms)",
		"lag p99 (ms)", "verdict",
	}
	for _, every := range []time.Duration{20 * time.Millisecond, 5 * time.Millisecond, time.Millisecond} {
		for _, n := range []int{50, 200, 1000} {
			for busy := range 3 {
				if err := b.judged(every, n, busy); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (b *bench) judged(every time.Duration, n, busy int) error {
	tokens := min(400, int(1500*time.Millisecond/every))
	reqs, err := b.requests(fmt.Sprintf("judged-%d-%d.jsonl", 2*n, tokens), 2*n, tokens)
	if err != nil {
		return err
	}
	var recs string
	err = b.withServer(fmt.Sprintf("ttft=100ms,per-token=0s,itl=%v,jitter=0,slots=100000", every), func(url string) error {
		for range busy {
			args := pin(1, []string{"sh", "-c", "while :; do :; done"})
			loop := exec.Command(args[0], args[1:]...)
			if err := loop.Start(); err != nil {
				return err
			}
			defer func() { loop.Process.Kill(); loop.Wait() }()
		}
		r, err := b.send(url, reqs, "--parallel", fmt.Sprint(n), "--preconnect")
		if err == nil {
			recs = r.records
		}
		return err
	})
	if err != nil {
		return err
	}
	e, err := b.errors(recs)
	if err != nil {
		return err
	}
	var judge stats.Client
	if err := read(recs, func(r *record.Record) { judge.Add(r) }); err != nil {
		return err
	}
	lag, _, err := lateness(recs)
	if err != nil {
		return err
	}
	row := []string{
		fmt.Sprint(n), every.String(), fmt.Sprint(busy), fmt.Sprintf("%.2f", 100*judge.Joined()),
		fmt.Sprintf("%.3f", e.event99), fmt.Sprintf("%.2f", lag), judge.Verdict().Level,
	}
	b.out.Rows = append(b.out.Rows, row)
	fmt.Fprintln(os.Stderr, "bench:", row)
	return nil
}
