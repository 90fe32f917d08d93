// Package calibrate measures the measurement error of the load generator on this machine, and the highest load at which
// it does not distort the results.
//
// It sends requests to the simulator, which runs in a separate process, and compares the times that the client measured
// with those that the simulator recorded. The load rises on two ladders, of concurrent streams and of requests/s, until
// the verdict on the load generator is no longer clean.
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
	// Simulator returns the command that runs a simulator with the settings spec (see sim.ParseConfig). The command prints
	// the URL of the simulator on its first line, exits on SIGTERM, and writes each sim.Truth as a line of the file truth.
	Simulator func(spec, truth string) *exec.Cmd

	MaxConns int             // maximum number of open connections; 0: unknown
	Say      func(string)    // reports the start of each level
	Abort    context.Context // cancels the requests in flight when it is done
}

const (
	streamTokens = 128                   // tokens of each stream
	streamITL    = 20 * time.Millisecond // time between the tokens of a stream
	rateSeconds  = 2                     // duration of the load at each rate, s
	rateConns    = 64                    // connections that are open before the load at a rate
)

// ladder is a series of levels of rising load.
type ladder struct {
	unit   string
	levels []int                       // in unit
	level  func(n, maxConns int) level // returns the level of n units
}

func ladders() []ladder {
	return []ladder{
		{"streams", []int{50, 100, 250, 500, 1000, 2000, 4000, 8000}, streams},
		{"requests/s", []int{250, 500, 1000, 2000, 4000, 8000, 16000}, rate},
	}
}

// Run runs the levels of both ladders and writes a table of the results to w, followed by the highest clean level of
// each ladder.
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

// level is one load with the simulator that serves it.
type level struct {
	sim        string // settings of the simulator
	point      load.Point
	tokens     int // tokens of each answer
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

// rate returns the level of n requests/s, each with an answer of one token.
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
