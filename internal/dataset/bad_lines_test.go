package dataset

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"perfpipe/internal/jsonl"
)

// TestBadLines takes lines, of which - is bad, and compares the errors and messages with those expected.
func TestBadLines(t *testing.T) {
	for _, c := range []struct {
		lines     string
		skip      bool
		want, log string
	}{
		{"+ +", false, "", ""}, {"+ +", true, "", ""},
		{"+ -", false, "f:2: bad", ""}, {"- + -", false, "f:3: bad", "f:1: bad"}, {"-", false, "f:1: bad", ""},
		{"+ - -", true, "", "left out: f:2: bad|2 bad lines left out"},
		{"- -", true, "all of 2 lines are bad: nothing is left", "left out: f:1: bad"},
	} {
		var log []string
		b := BadLines{Skip: c.skip, Say: func(f string, args ...any) { log = append(log, fmt.Sprintf(f, args...)) }}
		for n, l := range strings.Fields(c.lines) {
			var err error
			if l == "-" {
				err = &jsonl.LineError{File: "f", Line: n + 1, Err: errors.New("bad")}
			}
			if more, fatal := b.Take(err); !more || fatal != nil {
				t.Errorf("%s: line %d: %v, %v", c.lines, n+1, more, fatal)
			}
		}
		got := ""
		if err := b.End(); err != nil {
			got = err.Error()
		}
		if log := strings.Join(log, "|"); got != c.want || log != c.log {
			t.Errorf("%s, skip %v: %q, logged %q; want %q, %q", c.lines, c.skip, got, log, c.want, c.log)
		}
	}
}
