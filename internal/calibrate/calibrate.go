// Package calibrate measures the error and the ceiling of the load generator on this machine. It sends requests to the
// simulator, which runs in a process of its own on a known schedule, and compares what the client measured with what
// the simulator recorded of itself. The load climbs two ladders, of concurrent streams and of requests/s, until the
// load generator is no longer clean.
package calibrate

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"time"

	"perfpipe/internal/load"
	"perfpipe/internal/schedule"
	"perfpipe/internal/stats"
	"perfpipe/internal/table"
)

// Config configures a calibration.
type Config struct {
	// Simulator returns the command that serves a simulator with the settings spec (see sim.ParseConfig). The command
	// prints the simulator's URL on its first line, ends at SIGTERM, and writes one sim.Truth a line to the file truth.
	Simulator func(spec, truth string) *exec.Cmd

	MaxConns int             // connections that may be open at once; 0: no limit is known
	Say      func(string)    // reports the level that begins
	Abort    context.Context // its end cancels the requests in flight
}

const (
	streamTokens = 128 // of each answer
	streamITL    = 20 * time.Millisecond
	rateSeconds  = 2 // of load at each rate
	rateConns    = 64
)

// ladder is a series of rising loads of one kind.
type ladder struct {
	unit   string
	levels []int
	level  func(n, maxConns int) level
}

func ladders() []ladder {
	return []ladder{
		{"streams", []int{50, 100, 250, 500, 1000, 2000, 4000, 8000}, streams},
		{"requests/s", []int{250, 500, 1000, 2000, 4000, 8000, 16000}, rate},
	}
}

// Run climbs the ladders and writes a table of all levels to w, with the highest clean level of each ladder below it.
func Run(ctx context.Context, cfg Config, w io.Writer) error {
	t := table.Table{
		Title: "calibration: this machine's own error, with the simulator on it, too",
		Header: []string{
			"load", "verdict", "first token, error p50 / p99 (ms)", "ITL, error p50 / p99 (ms)", "lag p99 (ms)",
			"CPU µs/request", "CPU µs/event",
		},
		Notes: []string{
			"error: |measured − the simulator's truth|, which it takes after the bytes went to the system",
		},
	}
	var best [2]int // the highest clean level of each ladder; 0: none
	for i, l := range ladders() {
		for _, n := range l.levels {
			if l.unit == "streams" && cfg.MaxConns != 0 && n > cfg.MaxConns {
				break
			}
			name := fmt.Sprint(n, " ", l.unit)
			cfg.Say(name)
			res, err := cfg.run(ctx, l.level(n, cfg.MaxConns))
			if err != nil {
				return err
			}
			t.Rows = append(t.Rows, res.row(name))
			if res.verdict.Level != stats.Clean {
				break
			}
			best[i] = n
		}
	}
	if err := t.Text(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "clean up to %d streams of %d tokens/s, and up to %d requests/s of one token\n",
		best[0], time.Second/streamITL, best[1])
	return err
}

// level is one load.
type level struct {
	sim        string // settings of the simulator
	point      load.Point
	tokens     int // of each answer
	preconnect int // connections to open before the load
}

// streams returns the level of n concurrent streams.
func streams(n, _ int) level {
	return level{
		sim: fmt.Sprintf("ttft=200ms,per-token=0s,itl=%v,jitter=0,slots=%d", streamITL, n),
		point: load.Point{
			Run: "calibrate", Parallel: n, Mode: load.Closed, Limit: n, Number: n,
		},
		tokens: streamTokens, preconnect: n,
	}
}

// rate returns the level of n requests/s with answers of one token.
func rate(n, maxConns int) level {
	perSecond := float64(n)
	return level{
		sim: "ttft=0s,per-token=0s,itl=0s,jitter=0,slots=100000",
		point: load.Point{
			Run: "calibrate", Rate: perSecond, Mode: load.Open, Limit: max(0, maxConns), Number: n * rateSeconds,
			Pacer: schedule.Poisson(perSecond, 1),
		},
		tokens: 1, preconnect: rateConns,
	}
}
