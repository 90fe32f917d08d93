package calibrate

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"perfpipe/internal/client"
	"perfpipe/internal/clock"
	"perfpipe/internal/cpuwatch"
	"perfpipe/internal/dist"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
	"perfpipe/internal/sim"
	"perfpipe/internal/stats"
)

// outcome is the result of a level. Its distributions are in µs.
type outcome struct {
	verdict  stats.Verdict
	firstErr dist.Dist // |measured − truth| of the time of the first token
	gapErr   dist.Dist // |measured − truth| of each gap between tokens
	lag      dist.Dist
	requests int
	events   int
	failed   int           // requests that failed or have no matching truth
	cpu      time.Duration // CPU time of this process
}

// row formats the outcome as a row of the table.
func (o *outcome) row(name string) []string {
	pair := func(d *dist.Dist) string {
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
	per := func(n int) string {
		return fmt.Sprintf("%.1f", float64(o.cpu.Microseconds())/float64(max(n, 1)))
	}
	return []string{
		name, verdict, pair(&o.firstErr), pair(&o.gapErr), fmt.Sprintf("%.3f", lag.At(99)),
		per(o.requests), per(o.events),
	}
}

// run sends the load of a level to a new simulator and compares the records with the simulator's truth.
func (c *Config) run(ctx context.Context, l level) (*outcome, error) {
	dir, err := os.MkdirTemp("", "perf-send-calibrate")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	truth := filepath.Join(dir, "truth.jsonl")
	target, stop, err := start(c.Simulator(l.sim, truth))
	if err != nil {
		return nil, err
	}
	defer stop()
	recs, cpu, err := c.send(ctx, target, l)
	if err != nil {
		return nil, err
	}
	stop()
	o := &outcome{requests: len(recs), cpu: cpu}
	return o, o.compare(recs, truth)
}

// send runs the load point of a level. It returns the records and the CPU time that this process used.
func (c *Config) send(ctx context.Context, target *url.URL, l level) ([]*record.Record, time.Duration, error) {
	clk := clock.New()
	cl := client.New(client.Config{URL: target, Network: client.Network{Bind: locals()}}, clk)
	defer cl.Close()
	req := load.NewRequest(request.Request{Body: fmt.Appendf(nil,
		`{"model":"sim","messages":[{"role":"user","content":"calibrate"}],"max_tokens":%d,"stream":true}`, l.tokens)})
	if err := cl.Preconnect(ctx, req, l.preconnect); err != nil {
		return nil, 0, err
	}
	var mu sync.Mutex
	var recs []*record.Record
	e := &load.Engine{
		Doer: cl, Source: &repeat{req}, Ns: clk.Ns, Abort: c.Abort,
		Emit: func(r *load.Record) error {
			mu.Lock()
			defer mu.Unlock()
			recs = append(recs, &r.Record)
			return nil
		},
	}
	before := cpuwatch.Time()
	_, err := e.Run(ctx, l.point)
	return recs, cpuwatch.Time() - before, err
}

// locals returns the local addresses of the connections. There are ports for about 28,000 connections to one server
// from one address; Linux has more than one address of the loopback interface.
func locals() []netip.Addr {
	if runtime.GOOS != "linux" {
		return nil
	}
	return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.AddrFrom4([4]byte{127, 0, 0, 2})}
}

// repeat is an endless load.Source of copies of one request.
type repeat struct{ req *load.Request }

// Next implements load.Source.
func (r *repeat) Next(ctx context.Context) (*load.Request, error) {
	req := *r.req
	return &req, context.Cause(ctx)
}

// compare compares the records with the simulator's truth of the same id, in the file at path.
func (o *outcome) compare(recs []*record.Record, path string) error {
	truths, err := sim.ReadTruth(path)
	if err != nil {
		return err
	}
	var judge stats.Client
	for _, r := range recs {
		judge.Add(r)
		o.lag.Add(int64(r.LagMs * 1000))
		t, known := truths[cmp.Or(r.RequestID, r.ID)]
		if !r.OK || !known || len(t.ChunkUs) != len(r.GapUs)+1 {
			o.failed++
			continue
		}
		o.events += len(t.ChunkUs)
		firstUs := r.SentUs + int64(r.TTFTMs*1000+0.5)
		o.firstErr.Add(abs(firstUs - t.FirstUs))
		for k, gapUs := range r.GapUs {
			o.gapErr.Add(abs(gapUs - (t.ChunkUs[k+1] - t.ChunkUs[k])))
		}
	}
	o.verdict = judge.Verdict()
	return nil
}

func abs(n int64) int64 { return max(n, -n) }

// start starts the simulator and returns its URL. stop terminates it and returns once its truth is written.
func start(cmd *exec.Cmd) (target *url.URL, stop func(), err error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	stop = sync.OnceFunc(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait() // the exit status does not matter: the truth shows whether it served
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) || line == "" {
		stop()
		return nil, nil, errors.New("the simulator does not start")
	}
	target, err = url.Parse(strings.TrimSpace(line))
	return target, stop, err
}
