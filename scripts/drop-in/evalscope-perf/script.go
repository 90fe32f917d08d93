package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"perfpipe/internal/visible"
)

// script returns the job as shell commands, with its files in dir.
func (j *job) script(dir string) string {
	records := filepath.Join(dir, "records.jsonl")
	text := fmt.Sprintf("mkdir -p %s\n%s |\n  %s |\n  tee -i %s |\n  %s\n", visible.Shell(dir), j.gen.shell(),
		j.send.shell(), visible.Shell(records), j.stats.shell())
	if j.agentX == nil {
		text += j.files(dir).shell() + "\n"
	}
	return text + j.page(dir).shell() + "\n"
}

// files returns the stage that writes evalscope's files of each load point.
func (j *job) files(dir string) *stage {
	args := []string{filepath.Join(dir, "records.jsonl"), "--format", "evalscope", "-o", dir}
	if j.pd {
		args = append(args, "--enable-pd-metrics")
	}
	return &stage{"perf-stats", args}
}

// page returns the stage that writes the report.
func (j *job) page(dir string) *stage {
	args := append([]string{filepath.Join(dir, "records.jsonl")}, j.plot.args...)
	return &stage{"perf-plot", append(args, "-o", filepath.Join(dir, "perf_report.html"))}
}

// shell returns the command line for a shell, with the secrets of headers masked.
func (s *stage) shell() string {
	out := s.name
	for _, a := range s.args {
		if name, _, ok := strings.Cut(a, "="); ok && secretHeader(name) {
			a = name + "=***"
		}
		out += " " + visible.Shell(a)
	}
	return out
}

func secretHeader(name string) bool {
	return slices.Contains([]string{"authorization", "proxy-authorization", "x-api-key", "x-auth-token"},
		strings.ToLower(name))
}
