package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"perfpipe/internal/cli"

	"perfpipe/internal/client"
	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
	"perfpipe/internal/schedule"
	"perfpipe/internal/sim"
	"perfpipe/internal/stats"
	"perfpipe/internal/table"
)

// The levels of a calibration: each ladder is climbed until the load generator is no longer clean.
var (
	streamLevels = [...]int{50, 100, 250, 500, 1000, 2000, 4000, 8000}
	rateLevels   = [...]int{250, 500, 1000, 2000, 4000, 8000, 16000}
)

const (
	calStreamTokens = 128
	calITL          = 20 * time.Millisecond
	calRateSeconds  = 2
)

// calibrate measures this machine's own error and ceiling: the simulator runs in a process of its own, on a known
// schedule, and what it truly did is held against what was measured.
func calibrate(env *cli.Env) error {
	ctx, abort, stop := interrupts(env)
	defer stop()
	cal := &calibration{abort}
	t := table.Table{
		Title:  "calibration: this machine's own error, with the simulator on it, too",
		Header: []string{"load", "verdict", "first token, error p50 / p99 (ms)", "ITL, error p50 / p99 (ms)", "lag p99 (ms)", "CPU µs/request", "CPU µs/event"},
		Notes:  []string{"error: |measured − the simulator's truth|, which it takes after the bytes went to the system"},
	}
	best := map[string]int{}
	for _, ladder := range []struct {
		name   string
		levels []int
		probe  func(int) probe
	}{{"streams", streamLevels[:], streamProbe}, {"requests/s", rateLevels[:], rateProbe}} {
		for _, n := range ladder.levels {
			if most, files := connLimit(); files > 0 && n > most && ladder.name == "streams" {
				break
			}
			env.Say("%d %s …", n, ladder.name)
			res, err := cal.run(ctx, ladder.probe(n))
			if err != nil {
				return err
			}
			t.Rows = append(t.Rows, res.row(fmt.Sprint(n, " ", ladder.name)))
			if res.verdict.Level != stats.Clean {
				break
			}
			best[ladder.name] = n
		}
	}
	if err := t.Text(env.Stdout); err != nil {
		return err
	}
	_, err := fmt.Fprintf(env.Stdout, "clean up to %d streams of 50 tokens/s, and up to %d requests/s of one token\n", best["streams"], best["requests/s"])
	return err
}

// probe is one level.
type probe struct {
	sim    string
	point  load.Point
	tokens int
	pre    int // connections to open ahead
}

func streamProbe(n int) probe {
	return probe{
		sim:    fmt.Sprintf("ttft=200ms,per-token=0s,itl=%v,jitter=0,slots=%d", calITL, n),
		point:  load.Point{Run: "calibrate", Parallel: n, Mode: load.Closed, Limit: n, Number: n},
		tokens: calStreamTokens, pre: n,
	}
}

func rateProbe(n int) probe {
	rate := float64(n)
	most, _ := connLimit()
	return probe{
		sim: "ttft=0s,per-token=0s,itl=0s,jitter=0,slots=100000",
		point: load.Point{
			Run: "calibrate", Rate: rate, Mode: load.Open, Limit: most, Number: n * calRateSeconds,
			Pacer: func() schedule.Pacer { return schedule.Poisson(rate, 1) },
		},
		tokens: 1, pre: 64,
	}
}

// calibration runs probes until abort ends them.
type calibration struct{ abort context.Context }

// outcome is what a level showed, µs.
type outcome struct {
	verdict          stats.Verdict
	first, gap       stats.Dist // |measured − truth|
	lag              stats.Dist
	requests, events int
	failed           int
	cpu              time.Duration
}

func (o *outcome) row(name string) []string {
	pair := func(d *stats.Dist) string {
		if d.N() == 0 {
			return "–"
		}
		s := d.Stat([]float64{50, 99}, 1000)
		return fmt.Sprintf("%.3f / %.3f", s.At(50), s.At(99))
	}
	verdict := o.verdict.Level
	if o.failed > 0 {
		verdict += fmt.Sprintf(" (%d failed)", o.failed)
	}
	lag := o.lag.Stat([]float64{99}, 1000)
	per := func(n int) string { return fmt.Sprintf("%.1f", float64(o.cpu.Microseconds())/float64(max(n, 1))) }
	return []string{name, verdict, pair(&o.first), pair(&o.gap), fmt.Sprintf("%.3f", lag.At(99)), per(o.requests), per(o.events)}
}

func (c *calibration) run(ctx context.Context, p probe) (*outcome, error) {
	dir, err := os.MkdirTemp("", "perf-send-calibrate")
	if err != nil {
		return nil, fault.Fail("", "--calibrate: %w", err)
	}
	defer os.RemoveAll(dir)
	truth := filepath.Join(dir, "truth.jsonl")
	target, end, err := startOtherSim(p.sim, truth)
	if err != nil {
		return nil, fault.Fail("", "--calibrate: %w", err)
	}
	defer end()
	clock := client.NewClock()
	cl := client.New(client.Config{URL: target}, clock)
	defer cl.Close()
	body := fmt.Sprintf(`{"model":"sim","messages":[{"role":"user","content":"calibrate"}],"max_tokens":%d,"stream":true}`, p.tokens)
	first := &request.Request{Body: []byte(body)}
	if err := cl.Preconnect(ctx, first, p.pre); err != nil {
		return nil, fault.Fail("", "--calibrate: %w", err)
	}
	timer := load.NewTimer()
	defer timer.Close()
	var mu sync.Mutex
	var recs []*record.Record
	e := &load.Engine{
		Doer: cl, Source: &same{first}, Sleep: timer.Sleep, Ns: clock.Ns, Abort: c.abort,
		Emit: func(r *record.Record) error { mu.Lock(); recs = append(recs, r); mu.Unlock(); return nil },
	}
	before := client.CPUTime()
	if _, err := e.Run(ctx, p.point); err != nil {
		return nil, err
	}
	o := &outcome{requests: len(recs), cpu: client.CPUTime() - before}
	end()
	return o, o.compare(recs, truth)
}

// same gives one request again and again.
type same struct{ r *request.Request }

func (s *same) Next(ctx context.Context) (*request.Request, error) {
	r := *s.r
	return &r, context.Cause(ctx)
}

// compare joins the records with the simulator's truth by their ids.
func (o *outcome) compare(recs []*record.Record, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	truths := map[string]sim.Truth{}
	for t, err := range jsonl.Read[sim.Truth](bufio.NewReader(file), path) {
		if err != nil {
			return err
		}
		truths[t.ID] = t
	}
	var judge stats.Client
	for _, r := range recs {
		judge.Add(r)
		o.lag.Add(int64(r.LagMs * 1000))
		t, known := truths[r.ID]
		if !r.OK || !known || len(t.ChunkUs) != len(r.GapUs)+1 {
			o.failed++
			continue
		}
		o.events += len(t.ChunkUs)
		at := r.SentUs + int64(r.TTFTMs*1000+0.5)
		o.first.Add(abs(at - t.FirstUs))
		for k, g := range r.GapUs {
			o.gap.Add(abs(g - (t.ChunkUs[k+1] - t.ChunkUs[k])))
		}
	}
	o.verdict = judge.Verdict()
	return nil
}

func abs(n int64) int64 { return max(n, -n) }

// startOtherSim runs the simulator in a process of its own. end tells it to end, and waits until its truth is written.
func startOtherSim(spec, truth string) (target *url.URL, end func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(self, "--serve-sim", "127.0.0.1:0", "--sim", spec, "--truth", truth)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	end = sync.OnceFunc(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait() // its exit code says nothing that its truth does not
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) || line == "" {
		end()
		return nil, nil, errors.New("the simulator does not start")
	}
	target, err = url.Parse(strings.TrimSpace(line))
	return target, end, err
}
