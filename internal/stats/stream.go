package stats

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"

	"perfpipe/internal/jsonl"
	"perfpipe/internal/record"
)

// Stream reads record lines into Collectors, one for each of its workers. Summary may be called meanwhile.
type Stream struct {
	opt     Options
	skip    bool  // leave bad lines out
	bad     error // the first bad line, where they are left out
	workers []*worker
	free    chan []byte
}

// blockSize is how much of a file is read at once and handed to a worker, up to its last line end: so little that a core's
// cache holds it until it is parsed.
const blockSize = 128 << 10

type worker struct {
	skip    bool
	where   func(line []byte) (bool, error)
	mu      sync.Mutex
	c       *Collector
	lines   record.Decoder
	also    []func(*record.Record)
	skipped int64
	err     error // its first bad line of the input
	block   int   // of err
}

// block is some whole lines of an input.
type block struct {
	n    int // counted from 0
	line int // the number of its first line, from 1
	data []byte
	buf  []byte // to be used again
}

// NewStream returns a Stream of that many workers. Bad lines are counted if skipBad, otherwise they end Read.
func NewStream(opt Options, workers int, skipBad bool) *Stream {
	s := &Stream{opt: opt, skip: skipBad, free: make(chan []byte, 3*workers)}
	for range workers {
		s.workers = append(s.workers, &worker{c: New(opt), skip: skipBad})
	}
	return s
}

// Where makes the stream take only the lines that are chosen; choose is called by all workers at once, and its error
// makes the line a bad one. It is to be called before Read.
func (s *Stream) Where(choose func(line []byte) (bool, error)) {
	for _, w := range s.workers {
		w.where = choose
	}
}

// Also hands every record to another taker as well, one made for each worker, which must keep nothing of it. It is to be
// called before Read.
func (s *Stream) Also(taker func() func(*record.Record)) {
	for _, w := range s.workers {
		w.also = append(w.also, taker())
	}
}

// Read adds the records of r, whose name is for messages. It returns at the end of r, at the first bad line with a
// *jsonl.LineError, or when ctx is done with its cause; the lines read until then are counted.
func (s *Stream) Read(ctx context.Context, r io.Reader, name string) error {
	blocks := make(chan block, len(s.workers)) // so that no worker waits to be woken for each
	bad, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	for _, w := range s.workers {
		w.err = nil
		wg.Go(func() {
			for b := range receive(bad, blocks) {
				if w.run(b, name) != nil {
					stop()
				}
				select {
				case s.free <- b.buf:
				default:
				}
			}
		})
	}
	// The reader may hang in Read after ctx is done, as on a pipe whose writer is silent: it is then left behind.
	read := make(chan error, 1)
	go func() {
		read <- s.cut(bad, r, blocks)
		close(blocks)
	}()
	wg.Wait() // the blocks that were handed out are counted, so the first bad line is the first of the input
	var err error
	select {
	case err = <-read:
	default:
	}
	if first := s.firstBad(); first != nil {
		if !s.skip {
			return first
		}
		if s.bad == nil {
			s.bad = first
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// receive gives what comes from c until it is closed or ctx is done.
func receive[T any](ctx context.Context, c <-chan T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for {
			select {
			case v, open := <-c:
				if !open || !yield(v) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

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

// cut reads r and sends it as blocks, each ending at the end of a line. What a pipe has is sent at once.
func (s *Stream) cut(ctx context.Context, r io.Reader, out chan<- block) error {
	send := func(b block) bool {
		select {
		case out <- b:
			return true
		case <-ctx.Done():
			return false
		}
	}
	line, n := 1, 0
	buf, used := s.buffer(), 0
	for {
		if used == len(buf) {
			buf = append(buf, make([]byte, len(buf))...) // one line fills it
		}
		got, err := r.Read(buf[used:])
		end := bytes.LastIndexByte(buf[used:used+got], '\n')
		if end < 0 && err == nil {
			used += got
			continue
		}
		if end >= 0 {
			end += used + 1
		}
		used += got
		if end = max(0, end); err == io.EOF { // the last line needs no end; what an error cut off is none
			end = used
		}
		b := block{n, line, buf[:end], buf}
		line += bytes.Count(b.data, []byte{'\n'})
		n++
		next := s.buffer()
		for len(next) < used-end {
			next = make([]byte, 2*len(next))
		}
		copy(next, buf[end:used])
		buf, used = next, used-end
		if !send(b) || err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *Stream) buffer() []byte {
	select {
	case b := <-s.free:
		return b
	default:
		return make([]byte, blockSize)
	}
}

// run adds the records of a block.
func (w *worker) run(b block, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.c.From(name)
	if w.err != nil && !w.skip {
		return w.err
	}
	data := b.data
	if b.n == 0 {
		data = bytes.TrimPrefix(data, []byte{0xEF, 0xBB, 0xBF})
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
		if r == nil {
			continue
		}
		w.c.Add(r)
		for _, also := range w.also {
			also(r)
		}
	}
	return nil
}

// SummaryError says why a summary cannot be merged. Its line is a good one.
type SummaryError struct{ err error }

func (e *SummaryError) Error() string { return e.err.Error() }

// decode gives the record of a line, or nil where it is none that was asked for.
func (w *worker) decode(line []byte) (*record.Record, error) {
	switch {
	case len(bytes.Trim(line, "\x00")) == 0:
		return nil, errors.New("bytes that are zero, as a crash or a full disk leaves them")
	case len(line) == 1 && line[0] == '{':
		return nil, errors.New("a JSON object over several lines, where records are one a line: jq -c . makes them")
	case line[0] == '[':
		return nil, errors.New("a JSON array, where records are one object a line: jq -c '.[]' makes them")
	case bytes.IndexByte(line, 0) >= 0 && (bytes.HasPrefix(line, []byte{0xFF, 0xFE}) || bytes.HasPrefix(line, []byte{0xFE, 0xFF}) || line[0] == 0 || len(line) > 1 && line[1] == 0):
		return nil, errors.New("UTF-16 text, where records are UTF-8: iconv -f UTF-16 -t UTF-8 makes it")
	}
	if line[0] != '{' {
		return nil, fmt.Errorf("not a JSON object: %.40q", line)
	}
	if isSummary(line) {
		if w.where != nil {
			return nil, &SummaryError{errors.New("a summary has no records for --where to choose from")}
		}
		if err := w.c.addSummary(line); err != nil {
			return nil, &SummaryError{err}
		}
		return nil, nil
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

// Skipped is the number of bad lines that were left out, and the first of them.
func (s *Stream) Skipped() (n int64, first error) {
	for _, w := range s.workers {
		w.mu.Lock()
		n += w.skipped
		w.mu.Unlock()
	}
	return n, s.bad
}

// Collector gives all that was read so far in one Collector.
func (s *Stream) Collector() *Collector {
	all := New(s.opt)
	for _, w := range s.workers {
		w.mu.Lock()
		all.Merge(w.c)
		w.mu.Unlock()
	}
	return all
}
