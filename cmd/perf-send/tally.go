package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"perfpipe/internal/record"
)

// tally counts what became of the requests, for the progress line and for the last line of a run.
type tally struct {
	mu       sync.Mutex
	ok       int64
	failures map[string]*failure
	unsent   int64     // turns behind one that failed
	tokens   int64     // output tokens of the load point
	recent   []float64 // TTFT in ms of the load point's latest answers, a ring
	next     int       // the oldest of recent, once it is full
	run      string    // of the load point
	phase    string
}

// failure is one kind of error.
type failure struct {
	n     int64
	first string // message
}

// recentAnswers is how many answers the running TTFT goes by.
const recentAnswers = 512

// add counts a record.
func (t *tally) add(rec *record.Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if rec.Run != t.run || rec.Phase != t.phase {
		t.run, t.phase, t.tokens, t.recent, t.next = rec.Run, rec.Phase, 0, t.recent[:0], 0
	}
	if !rec.OK {
		if t.failures == nil {
			t.failures = map[string]*failure{}
		}
		f := t.failures[rec.Error.Kind]
		if f == nil {
			f = &failure{first: rec.Error.Message}
			t.failures[rec.Error.Kind] = f
		}
		f.n++
		t.unsent += int64(max(0, rec.Turns-rec.Turn))
		return
	}
	t.ok++
	t.tokens += int64(rec.CompletionTokens)
	switch {
	case rec.TTFTMs <= 0:
	case len(t.recent) < recentAnswers:
		t.recent = append(t.recent, rec.TTFTMs)
	default:
		t.recent[t.next] = rec.TTFTMs
		t.next = (t.next + 1) % recentAnswers
	}
}

// running returns the output tokens of the load point, and the median TTFT of its latest answers; 0: none.
func (t *tally) running() (tokens int64, ttft time.Duration) {
	t.mu.Lock()
	tokens = t.tokens
	recent := slices.Clone(t.recent)
	t.mu.Unlock()
	if len(recent) == 0 {
		return tokens, 0
	}
	slices.Sort(recent)
	return tokens, time.Duration(recent[(len(recent)-1)/2] * float64(time.Millisecond))
}

// counts returns the requests that ended well, and those that failed.
func (t *tally) counts() (ok, failed int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range t.failures {
		failed += f.n
	}
	return t.ok, failed
}

// errors returns the failures by kind.
func (t *tally) errors() map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := map[string]int64{}
	for kind, f := range t.failures {
		n[kind] = f.n
	}
	return n
}

// String is what happened, in one line: the most frequent kind of failure first, each with its first message.
func (t *tally) String() string {
	ok, failed := t.counts()
	s := fmt.Sprintf("%d requests: ", ok+failed)
	if ok+failed == 1 {
		s = "1 request: "
	}
	switch {
	case failed == 0:
		return s + "all ok"
	case ok == 0:
		s += "all failed"
	default:
		s += fmt.Sprintf("%d ok, %d failed", ok, failed)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var kinds []string
	for _, kind := range slices.SortedFunc(maps.Keys(t.failures), func(a, b string) int {
		return cmp.Or(cmp.Compare(t.failures[b].n, t.failures[a].n), strings.Compare(a, b))
	}) {
		f := t.failures[kind]
		kinds = append(kinds, fmt.Sprintf("%s %d: %s", kind, f.n, short(f.first, 160)))
	}
	s += " (" + strings.Join(kinds, "; ") + ")"
	if t.unsent > 0 {
		s += fmt.Sprintf("; turns behind them, not sent: %d", t.unsent)
	}
	return s
}

// short is text on one line, of at most n characters.
func short(text string, n int) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return text
}
