package main

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"perfpipe/internal/record"
	"perfpipe/internal/sim"
)

// result holds the resources that one process used.
type result struct {
	wall, cpu time.Duration
	rss       int64 // peak, bytes
	records   string
}

// pin runs a command on one core if possible: servers on the first, clients on the second.
func pin(core int, args []string) []string {
	if runtime.NumCPU() < 2 || !installed("taskset") {
		return args
	}
	return append([]string{"taskset", "-c", strconv.Itoa(core)}, args...)
}

func (b *bench) client(args ...string) (*result, error) { return run(pin(1, args)...) }

// run runs a command to its end.
func run(args ...string) (*result, error) {
	cmd := exec.Command(args[0], args[1:]...)
	var talk bytes.Buffer
	cmd.Stderr = &talk
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	peak := watch(cmd.Process.Pid)
	err := cmd.Wait()
	r := &result{wall: time.Since(begin), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), rss: peak()}
	if err != nil {
		return r, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, talk.String())
	}
	return r, nil
}

// watch returns a function that returns the peak memory of a process. (The system's own figure for a child that has
// ended may be its parent's.)
func watch(pid int) (peak func() int64) {
	var most int64
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			most = max(most, peakRSS(pid))
			select {
			case <-quit:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return func() int64 { close(quit); <-done; return most }
}

func peakRSS(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// withServer runs f against the server of -server, or a simulator, whose log of true times is complete afterwards.
func (b *bench) withServer(spec string, f func(url string) error) error {
	if b.server != "" {
		return f(b.server)
	}
	b.truth = b.path("truth.jsonl")
	args := pin(0, []string{
		filepath.Join(b.bin, "perf-send"), "--serve-sim", "127.0.0.1:0", "--sim", spec, "--truth", b.truth,
	})
	return serving(args, f)
}

// serving runs f while a command serves chat completions, whose address is the first line that the command prints.
func serving(args []string, f func(url string) error) error {
	cmd := exec.Command(args[0], args[1:]...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		err = f(strings.TrimSpace(line) + "/v1/chat/completions")
	}
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	return err
}

// timing is the error of measured times against the true ones, in ms.
type timing struct {
	ttft      float64 // mean measured − mean true
	event99   float64 // p99 of |recorded arrival of an event − its true time|
	latency99 float64 // p99 of |recorded latency − the time from arrival to end at the server|
	failed    int
}

// arrivedUs returns when a request arrived, as exactly as the simulator knows it.
func arrivedUs(t *sim.Truth) int64 { return cmp.Or(t.ArrivedUs, t.ReadUs) }

// errors joins records with the simulator's true times.
func (b *bench) errors(records string) (timing, error) {
	nan := math.NaN()
	t := timing{ttft: nan, event99: nan, latency99: nan}
	if b.truth == "" {
		return t, nil
	}
	truths, err := sim.ReadTruth(b.truth)
	if err != nil {
		return t, err
	}
	var off, latencies []float64
	sum, n := 0.0, 0
	err = read(records, func(r *record.Record) {
		truth, known := truths[cmp.Or(r.RequestID, r.ID)]
		if !r.OK || !known || len(truth.ChunkUs) != len(r.GapUs)+1 {
			t.failed++
			return
		}
		n++
		latencies = append(latencies, math.Abs(r.LatencyMs-float64(truth.EndUs-arrivedUs(&truth))/1000))
		sum += r.TTFTMs - float64(truth.FirstUs-arrivedUs(&truth))/1000
		at := r.SentUs + int64(math.Round(r.TTFTMs*1000))
		for k, sent := range truth.ChunkUs {
			if k > 0 {
				at += r.GapUs[k-1]
			}
			off = append(off, math.Abs(float64(at-sent))/1000)
		}
	})
	t.ttft, t.event99, t.latency99 = sum/float64(n), percentile(off, 99), percentile(latencies, 99)
	return t, err
}

func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func median(v []float64) float64 { return percentile(v, 50) }

// percentile returns a percentile by nearest rank.
func percentile(v []float64, p float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(v))
	return s[max(0, int(math.Ceil(p/100*float64(len(s))))-1)]
}
