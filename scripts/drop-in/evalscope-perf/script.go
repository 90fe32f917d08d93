package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// script returns the job as shell commands, with its files in dir.
func (j *job) script(dir string) string {
	records := filepath.Join(dir, "records.jsonl")
	return fmt.Sprintf("%s |\n  %s |\n  tee -i %s |\n  %s\n%s\n%s\n", j.gen.shell(), j.send.shell(), quote(records),
		j.stats.shell(), j.files(dir).shell(), j.page(dir).shell())
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
		out += " " + quote(a)
	}
	return out
}

func secretHeader(name string) bool {
	return slices.Contains([]string{"authorization", "proxy-authorization", "x-api-key", "x-auth-token"},
		strings.ToLower(name))
}

// quote returns a word so that a shell reads it unchanged.
func quote(w string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,@%+", r)
	}
	if w != "" && strings.IndexFunc(w, func(r rune) bool { return !plain(r) }) < 0 {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}
