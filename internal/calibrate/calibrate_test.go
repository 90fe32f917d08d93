package calibrate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"perfpipe/internal/fault"
	"perfpipe/internal/sim"
	"perfpipe/internal/table"
)

// TestMain runs the simulator in place of the tests if CALIBRATE_TRUTH is set, so that the test binary can be its
// process.
func TestMain(m *testing.M) {
	if truth := os.Getenv("CALIBRATE_TRUTH"); truth != "" {
		if err := serve(os.Getenv("CALIBRATE_SIM"), truth); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serve runs the simulator with the settings spec until SIGTERM, and writes its truth to a file.
func serve(spec, truth string) error {
	cfg, err := sim.ParseConfig(spec)
	if err != nil {
		return err
	}
	file, err := sim.CreateTruth(truth)
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	url, end, err := sim.Serve(cfg, "127.0.0.1:0", file)
	if err != nil {
		return err
	}
	fmt.Println(url)
	<-stop
	return end()
}

// simulator returns the command that runs the test binary as the simulator.
func simulator(spec, truth string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CALIBRATE_SIM="+spec, "CALIBRATE_TRUTH="+truth)
	return cmd
}

func TestLevels(t *testing.T) {
	cfg := Config{Simulator: simulator}
	for _, c := range []struct {
		level            level
		requests, events int
	}{
		{level{sim: "ttft=1ms,itl=1ms", point: streams(8, time.Millisecond)(4, 0).point, tokens: 8, preconnect: 4}, 4, 32},
		{rate(20, 100), 40, 40},
	} {
		o, err := cfg.run(t.Context(), c.level)
		if err != nil {
			t.Fatal(err)
		}
		if o.requests != c.requests || o.events != c.events || o.failed != 0 || o.firstErr.N() != int64(c.requests) {
			t.Errorf("%s: %d requests, %d events, %d failed", c.level.sim, o.requests, o.events, o.failed)
		}
		if row := o.row("x"); len(row) != 7 || row[0] != "x" || !strings.Contains(row[2], " / ") {
			t.Errorf("row %q", row)
		}
	}
}

func TestConnectionsOfRates(t *testing.T) {
	for maxConns, want := range map[int]int{0: rateConns, 20: 20, 1000: rateConns} {
		if got := rate(10, maxConns).preconnect; got != want {
			t.Errorf("with %d connections at most, %d are opened before the load, want %d", maxConns, got, want)
		}
	}
}

func TestSimulatorThatDoesNotStart(t *testing.T) {
	cfg := Config{Simulator: func(string, string) *exec.Cmd { return exec.Command("true") }}
	if _, err := cfg.run(t.Context(), rate(1, 1)); err == nil || err.Error() != "the simulator does not start" {
		t.Errorf("%v", err)
	}
}

// TestFailures checks that a level with failed requests is not clean, and that the ladder ends there.
func TestFailures(t *testing.T) {
	failing := func(n, _ int) level {
		l := rate(n, 100)
		l.sim += ",error-rate=0.5"
		return l
	}
	cfg := Config{Simulator: simulator, Say: func(string) {}}
	var rows table.Table
	best, err := cfg.climb(t.Context(), &rows, []ladder{{"requests/s", "one token", []int{20, 40}, false, failing}})
	if err != nil || len(rows.Rows) != 1 || !strings.Contains(rows.Rows[0][1], "failed") ||
		!slices.Equal(best, []string{"0 requests/s of one token"}) {
		t.Errorf("%q, %v; rows %q", best, err, rows.Rows)
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(fault.ErrInterrupted)
	cfg := Config{Simulator: simulator, Say: func(string) {}}
	if err := Run(ctx, cfg, io.Discard); !errors.Is(err, fault.ErrInterrupted) {
		t.Errorf("%v", err)
	}
}
