// Benchmark prints the figures of docs/accuracy.md and the speed of perf-send. It runs the server on one core and the
// client on another if taskset is installed, and compares with oha and the vllm-rs of vLLM's wheel if they are.
// scripts/bench runs it.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"perfpipe/internal/table"
)

func main() {
	var b bench
	flag.StringVar(&b.server, "server", "", "URL of a chat endpoint; default: a simulator for each run")
	flag.StringVar(&b.truth, "truth", "", "the file of a simulator's truth, of -server")
	flag.StringVar(&b.bin, "bin", "bin", "where the commands are")
	flag.IntVar(&b.runs, "runs", 5, "runs of each figure, whose median is shown")
	flag.BoolVar(&b.long, "long", false, "also 10,000 streams and sessions for a minute, and 1,000,000 requests")
	flag.BoolVar(&b.verdict, "verdict", false, "instead: the verdict on the load generator against the error of its times")
	responder := flag.Bool("respond", false, "instead: serve as the raw responder, for the benchmark itself")
	flag.Parse()
	work := b.all
	if *responder {
		work = respond
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench holds one run of all measurements.
type bench struct {
	server, truth, bin string
	runs               int
	long, verdict      bool
	dir                string
	out                table.Table
}

func (b *bench) all() error {
	dir, err := os.MkdirTemp("", "perf-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b.dir = dir
	b.out.Header = []string{"figure", "median", "all runs"}
	steps := []func() error{
		b.closedLoop, b.streams, b.twoProcessors, b.openLoop, b.sessions, b.replay, b.pipeline, b.memory,
	}
	if b.verdict {
		steps = []func() error{b.verdicts}
	} else if b.long {
		steps = append(steps, b.manyStreams, b.manySessions, b.million)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return b.out.Text(os.Stdout)
}

// row adds a figure.
func (b *bench) row(name, format string, values []float64) {
	all := ""
	for _, v := range values {
		all += " " + fmt.Sprintf(format, v)
	}
	b.out.Rows = append(b.out.Rows, []string{name, fmt.Sprintf(format, median(values)), all[1:]})
	fmt.Fprintf(os.Stderr, "bench: %s: %s\n", name, fmt.Sprintf(format, median(values)))
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// requests writes n request lines for answers of the given number of tokens.
func (b *bench) requests(name string, n, tokens int) (string, error) {
	file := b.path(name)
	_, err := os.Stat(file)
	if err == nil {
		return file, nil
	}
	return file, exec.Command(filepath.Join(b.bin, "perf-gen"),
		"--prompt", "hello", "--model", "sim", "--number", fmt.Sprint(n), "--max-tokens", fmt.Sprint(tokens),
		"--extra-args", `{"stream_options":{"include_usage":true}}`, "-o", file).Run()
}
