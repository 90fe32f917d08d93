package stats

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/record"
	"perfpipe/internal/sniff"
)

// Stream reads record lines into Collectors, one per worker. Collector and Skipped may be called during Read.
type Stream struct {
	opt     Options
	skip    bool  // skip bad lines
	bad     error // the first bad line, if they are skipped
	workers []*worker
}

type worker struct {
	skip    bool
	where   func(line []byte) (bool, error)
	records string // what needs the records of a summary; "" if nothing does
	mu      sync.Mutex
	c       *Collector
	lines   record.Decoder
	also    []func(*record.Record)
	skipped int64 // bad lines
	err     error // the worker's first bad line of the current input
	block   int   // the block that err is in
	any     bool  // the current input has records or summaries, chosen or not
}

// NewStream returns a Stream with the given number of workers. If skipBad is set, bad lines are skipped and counted;
// otherwise the first one ends Read.
func NewStream(opt Options, workers int, skipBad bool) *Stream {
	s := &Stream{opt: opt, skip: skipBad}
	for range workers {
		s.workers = append(s.workers, &worker{c: New(opt), skip: skipBad})
	}
	return s
}

// Where sets a filter: the stream takes only lines for which choose returns true. A line for which choose fails is a
// bad line. The workers call choose concurrently. Where must be called before Read.
func (s *Stream) Where(choose func(line []byte) (bool, error)) {
	for _, w := range s.workers {
		w.where = choose
	}
}

// WithoutSummaries makes every summary an error, because what use names needs its records. An empty use changes
// nothing. It must be called before Read.
func (s *Stream) WithoutSummaries(use string) {
	for _, w := range s.workers {
		w.records = use
	}
}

// Also passes every record to another function as well. It calls newTaker once per worker to create that function,
// which must not retain the record. Also must be called before Read.
func (s *Stream) Also(newTaker func() func(*record.Record)) {
	for _, w := range s.workers {
		w.also = append(w.also, newTaker())
	}
}

// Read adds the records of r. Errors refer to r by name. Read returns nil at the end of r, a *jsonl.LineError in a
// *fault.Error at the first bad line, or the cause of ctx when ctx is done. The records of the lines before are added
// in all cases, also if jsonl.Damaged reports an error.
func (s *Stream) Read(ctx context.Context, r io.Reader, name string) error {
	in := newInput(r, name, len(s.workers))
	stop := context.AfterFunc(ctx, in.stop)
	defer stop()
	for _, w := range s.workers {
		w.err, w.any = nil, false
		go w.read(in)
	}
	err := in.wait()
	if first := s.firstBad(); first != nil {
		if !s.skip {
			return explained(first)
		}
		if s.bad == nil {
			s.bad = first
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil && err != io.EOF {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// firstBad returns the first bad line of the input, or nil.
func (s *Stream) firstBad() error {
	var first error
	at := 0
	for _, w := range s.workers {
		w.mu.Lock()
		if w.err != nil && (first == nil || w.block < at) {
			first, at = w.err, w.block
		}
		w.mu.Unlock()
	}
	return first
}

// read takes part in reading and parsing an input until its end or until the first bad line, unless those are skipped.
func (w *worker) read(in *input) {
	for b := range in.blocks {
		w.mu.Lock()
		err := w.run(b, in.name)
		w.mu.Unlock()
		in.parsed(b, err)
	}
}

// run adds the records of block b.
func (w *worker) run(b block, name string) error {
	w.c.From(name)
	data := b.data
	if b.n == 0 {
		data = sniff.TrimBOM(data)
	}
	for line := b.line; len(data) > 0; line++ {
		var text []byte
		text, data, _ = bytes.Cut(data, []byte{'\n'})
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		r, err := w.decode(text)
		if err != nil {
			if w.err == nil {
				w.err, w.block = &jsonl.LineError{File: name, Line: line, Err: err}, b.n
			}
			if w.skip {
				w.skipped++
				continue
			}
			return w.err
		}
		w.any = true
		if r == nil {
			continue
		}
		w.c.Add(r)
		if w.c.opt.leavesOut(r) {
			continue
		}
		for _, also := range w.also {
			also(r)
		}
	}
	return nil
}

// mergeError is the error for a well-formed summary that cannot be merged.
type mergeError struct {
	reason string // for which the command may have a hint; may be empty
	err    error
}

func (e *mergeError) Error() string { return e.err.Error() }

func cannotMerge(reason, format string, args ...any) *mergeError {
	return &mergeError{reason, fmt.Errorf(format, args...)}
}

// explained returns the error of a line with its reason.
func explained(line error) error {
	if e, ok := errors.AsType[*mergeError](line); ok {
		return fault.Of("", e.reason, "%w", line)
	}
	return fault.Of("", "bad-line", "%w", line)
}

// decode returns the record of a line. It returns nil without an error for a summary, which it merges, and for a line
// that the filter rejects.
func (w *worker) decode(line []byte) (*record.Record, error) {
	if err := notObject(line); err != nil {
		return nil, err
	}
	if isSummary(line) {
		return nil, w.merge(line)
	}
	if w.where != nil {
		if take, err := w.where(line); !take || err != nil {
			return nil, err
		}
	}
	r, err := w.lines.Decode(line)
	if err != nil {
		return nil, err
	}
	if (!r.OK || r.Lacks(record.KeyOK)) && r.Error == nil && r.SentUs == 0 && r.LatencyMs == 0 && r.Status == 0 {
		return nil, errors.New("not a record: it has none of ok, error, status, sent_us and latency_ms")
	}
	return r, nil
}

// merge merges the summary in a line. Its error is a *mergeError.
func (w *worker) merge(line []byte) error {
	if w.records != "" {
		return cannotMerge("", "a summary does not have the records that %s needs", w.records)
	}
	err := w.c.addSummary(line)
	if own, ok := errors.AsType[*mergeError](err); ok {
		return own
	}
	if err != nil {
		return &mergeError{err: err}
	}
	return nil
}

// notObject returns the error of a line that does not begin with a JSON object, or nil.
func notObject(line []byte) error {
	switch {
	case line[0] == '{' && len(line) > 1 && line[1] != 0:
		return nil
	case len(bytes.Trim(line, "\x00")) == 0:
		return errors.New("bytes that are zero, as a crash or a full disk leaves them")
	case line[0] == '{' && len(line) == 1:
		return errors.New("a JSON object over several lines, where records are one a line: jq -c . makes them")
	case line[0] == '[':
		return errors.New("a JSON array, where records are one object a line: jq -c '.[]' makes them")
	case isUTF16(line):
		return errors.New("UTF-16 text, where records are UTF-8: iconv -f UTF-16 -t UTF-8 makes it")
	}
	return fmt.Errorf("not a JSON object: %.40q", line)
}

// isUTF16 reports whether a line of JSON is encoded in UTF-16, with or without a byte order mark.
func isUTF16(line []byte) bool {
	marked := bytes.HasPrefix(line, []byte{0xFF, 0xFE}) || bytes.HasPrefix(line, []byte{0xFE, 0xFF})
	return line[0] == 0 || len(line) > 1 && line[1] == 0 || marked && bytes.IndexByte(line, 0) >= 0
}

// Empty reports whether the last input had neither records nor summaries.
func (s *Stream) Empty() bool {
	for _, w := range s.workers {
		w.mu.Lock()
		any := w.any
		w.mu.Unlock()
		if any {
			return false
		}
	}
	return true
}

// Skipped returns the number of skipped bad lines, and the error of the first one.
func (s *Stream) Skipped() (n int64, first error) {
	for _, w := range s.workers {
		w.mu.Lock()
		n += w.skipped
		w.mu.Unlock()
	}
	return n, s.bad
}

// Collector returns a new Collector with all records read so far.
func (s *Stream) Collector() *Collector {
	all := New(s.opt)
	for _, w := range s.workers {
		w.mu.Lock()
		all.Merge(w.c)
		w.mu.Unlock()
	}
	return all
}
