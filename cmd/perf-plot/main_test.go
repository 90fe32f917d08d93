package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"llmperf/internal/cli"
)

// plot runs the command and gives its exit code.
func plot(t *testing.T, args ...string) int {
	t.Helper()
	env := &cli.Env{Name: "perf-plot", Args: args, Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: os.Stderr}
	return env.Exit(run(env))
}
