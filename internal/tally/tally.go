// Package tally sums up the records of a run while they are written.
//
// A [Tally] counts what became of the requests, keeps the figures of a progress line, and judges how far the load
// itself can be trusted.
package tally

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
	"perfpipe/internal/visible"
)

// Tally sums up the records of a run. The zero value is ready to use, and its methods are safe for concurrent use.
type Tally struct {
	mu       sync.Mutex
	ok       int64
	failures map[string]*failure // by kind
	skipped  int64               // requests of sessions after one that failed
	short    int64               // answers with fewer tokens than were requested
	prompts  stats.Prompts
	client   stats.Client // of the measured records
	point    point
	unfed    stats.Verdict // on the input; without a Level: none
}

// failure counts the errors of one kind.
type failure struct {
	n     int64
	first string // message
}

// point holds figures of the load point under way.
type point struct {
	run, phase string
	tokens     int64     // of the output
	recent     []float64 // TTFT in ms of the latest answers, a ring
	next       int       // index of the oldest TTFT, once the ring is full
}

// recentAnswers is the number of answers whose TTFT is part of the running figure.
const recentAnswers = 512

// Add adds a record.
func (t *Tally) Add(rec *load.Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if rec.Run != t.point.run || rec.Phase != t.point.phase {
		t.point = point{run: rec.Run, phase: rec.Phase, recent: t.point.recent[:0]}
	}
	if rec.Phase == record.PhaseMeasure {
		t.client.Add(&rec.Record)
	}
	if !rec.OK {
		t.skipped += int64(rec.Skipped)
		t.fail(&rec.Record)
		return
	}
	t.ok++
	if rec.Short() {
		t.short++
	}
	if rec.PromptAsked != 0 {
		t.prompts.Add(&rec.Record)
	}
	t.point.add(&rec.Record)
}

func (t *Tally) fail(rec *record.Record) {
	if t.failures == nil {
		t.failures = map[string]*failure{}
	}
	f := t.failures[rec.Error.Kind]
	if f == nil {
		f = &failure{first: rec.Error.Message}
		t.failures[rec.Error.Kind] = f
	}
	f.n++
}

func (p *point) add(rec *record.Record) {
	p.tokens += int64(rec.CompletionTokens)
	switch {
	case rec.TTFTMs <= 0:
	case len(p.recent) < recentAnswers:
		p.recent = append(p.recent, rec.TTFTMs)
	default:
		p.recent[p.next] = rec.TTFTMs
		p.next = (p.next + 1) % recentAnswers
	}
}

// Running returns the output tokens of the load point so far and the median TTFT of its latest answers, 0 if there is
// none.
func (t *Tally) Running() (tokens int64, ttft time.Duration) {
	t.mu.Lock()
	tokens = t.point.tokens
	recent := slices.Clone(t.point.recent)
	t.mu.Unlock()
	if len(recent) == 0 {
		return tokens, 0
	}
	slices.Sort(recent)
	return tokens, time.Duration(recent[(len(recent)-1)/2] * float64(time.Millisecond))
}

// Counts returns the number of requests that succeeded and of those that failed.
func (t *Tally) Counts() (ok, failed int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range t.failures {
		failed += f.n
	}
	return t.ok, failed
}

// Errors returns the number of failures by kind.
func (t *Tally) Errors() map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := map[string]int64{}
	for kind, f := range t.failures {
		n[kind] = f.n
	}
	return n
}

// Short returns the number of answers with fewer output tokens than their requests forced.
func (t *Tally) Short() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.short
}

// PromptNotes describes the prompts whose tokens the server counted differently from the request lines.
func (t *Tally) PromptNotes() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.prompts.Notes()
}

// String describes the outcome in one line. Each kind of failure has its first message, the most frequent kind first.
func (t *Tally) String() string {
	ok, failed := t.Counts()
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
		kinds = append(kinds, fmt.Sprintf("%s %d: %s", kind, f.n, visible.Shorten(f.first, 160)))
	}
	s += " (" + strings.Join(kinds, "; ") + ")"
	if t.skipped > 0 {
		s += fmt.Sprintf("; skipped after them in their sessions: %d", t.skipped)
	}
	return s
}
