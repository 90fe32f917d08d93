// Package calibrate measures the measurement error of the load generator on this machine, and the highest load at which
// it does not distort the results.
//
// It sends requests to the simulator, which runs in a separate process, and compares the times that the client measured
// with those that the simulator recorded. The load rises on three ladders, of fast streams, of many slow ones
// and of requests/s, until the verdict on the load generator is no longer clean.
package calibrate

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
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
	rateSeconds = 2  // duration of the load at each rate, s
	rateConns   = 64 // connections that are open before the load at a rate
)

// ladder is a series of levels of rising load.
type ladder struct {
	unit   string
	each   string                      // what a unit has
	levels []int                       // in unit
	conns  bool                        // a unit needs a connection
	level  func(n, maxConns int) level // returns the level of n units
}

func ladders() []ladder {
	return []ladder{
		{"streams", "50 tokens/s", []int{50, 100, 250, 500, 1000, 2000, 4000, 8000}, true,
			streams(128, 20*time.Millisecond)},
		{"streams", "1 token/s", []int{1000, 2000, 5000, 10000, 20000, 30000}, true, streams(8, time.Second)},
		{"requests/s", "one token", []int{250, 500, 1000, 2000, 4000, 8000, 16000}, false, rate},
	}
}

// Run runs the levels of all ladders and writes a table of the results to w, followed by the highest clean level of
// each ladder. If ctx is canceled, the table has the levels before that.
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
	best, err := cfg.climb(ctx, &t, ladders())
	if canceled := context.Cause(ctx); canceled != nil {
		err = canceled
	}
	if err != nil && (ctx.Err() == nil || len(t.Rows) == 0) {
		return err
	}
	if err := t.Text(w); err != nil {
		return err
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "clean up to %s\n", strings.Join(best, ", "))
	}
	return err
}

// climb adds a row for each level to the table. It returns the highest clean level of each ladder.
func (c *Config) climb(ctx context.Context, t *table.Table, ladders []ladder) (best []string, err error) {
	for _, l := range ladders {
		clean := 0
		for _, n := range l.levels {
			if l.conns && c.MaxConns != 0 && n > c.MaxConns {
				note := fmt.Sprintf("the limit of open files permits %d connections", c.MaxConns)
				if !slices.Contains(t.Notes, note) {
					t.Notes = append(t.Notes, note)
				}
				break
			}
			name := fmt.Sprint(n, " ", l.unit, " of ", l.each)
			c.Say(name)
			res, err := c.run(ctx, l.level(n, c.MaxConns))
			if err != nil {
				return nil, err
			}
			t.Rows = append(t.Rows, res.row(name))
			if res.verdict.Level != stats.Clean || res.failed > 0 {
				break
			}
			clean = n
		}
		best = append(best, fmt.Sprintf("%d %s of %s", clean, l.unit, l.each))
	}
	return best, nil
}

// level is one load with the simulator that serves it.
type level struct {
	sim        string // settings of the simulator
	point      load.Point
	tokens     int // tokens of each answer
	preconnect int // connections to open before the load
}

// streams returns the levels of concurrent streams with this number of tokens, one each itl.
func streams(tokens int, itl time.Duration) func(n, _ int) level {
	return func(n, _ int) level {
		return level{
			sim: fmt.Sprintf("ttft=200ms,per-token=0s,itl=%v,jitter=0,slots=%d", itl, n),
			point: load.Point{
				Run: "calibrate", Parallel: n, Mode: load.Closed, Limit: n, Number: n,
			},
			tokens: tokens, preconnect: n,
		}
	}
}

// rate returns the level of n requests/s, each with an answer of one token.
func rate(n, maxConns int) level {
	perSecond := float64(n)
	preconnect := rateConns
	if maxConns > 0 {
		preconnect = min(preconnect, maxConns)
	}
	return level{
		sim: "ttft=0s,per-token=0s,itl=0s,jitter=0,slots=100000",
		point: load.Point{
			Run: "calibrate", Rate: perSecond, Mode: load.Open, Limit: max(0, maxConns), Number: n * rateSeconds,
			Pacer: schedule.Poisson(perSecond, 1),
		},
		tokens: 1, preconnect: preconnect,
	}
}
