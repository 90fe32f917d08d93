package recordfile

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"

	"perfpipe/internal/record"
)

// Writer writes records to a file. Its methods are safe for concurrent use, except Close.
type Writer struct {
	file *File

	mu      sync.Mutex
	buf     []byte // encoded records that are not written yet
	enc     record.Encoder
	err     error         // of the file
	count   int64         // records encoded
	refused int64         // records not encoded, since the file had failed
	lost    int64         // records not written, since the file failed
	began   time.Time     // when the first record was encoded
	blocked time.Duration // in writes
	kick    chan struct{} // holds a token while there is something to write
	hurry   chan struct{} // holds a token while there is much to write
	drained *sync.Cond    // signaled when buf was taken to be written, or the file failed
	done    chan struct{} // closed when run has returned
}

var newline = []byte{'\n'}

const (
	maxBuffered = 1 << 20 // bytes; Emit waits while more records wait to be written
	// writePause is the time between two writes. Each write may hand the processor to another thread, which costs more
	// than the write itself.
	writePause = 20 * time.Millisecond
)

// NewWriter returns a Writer of records to f. Its Close closes f.
func NewWriter(f *File) *Writer {
	w := newWriter(f)
	w.file = f
	return w
}

func newWriter(to io.Writer) *Writer {
	w := &Writer{kick: make(chan struct{}, 1), hurry: make(chan struct{}, 1), done: make(chan struct{})}
	w.drained = sync.NewCond(&w.mu)
	go w.run(to)
	return w
}

// Emit encodes a record and queues it. It returns the error of the file, which an earlier record may have met. It waits
// while too many records are queued.
func (w *Writer) Emit(rec *record.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.buf) > maxBuffered && w.err == nil {
		w.drained.Wait()
	}
	if w.err != nil {
		w.refused++
		w.lost++
		return w.err
	}
	b, err := w.enc.Append(w.buf, rec)
	if err != nil {
		return err
	}
	w.buf = append(b, '\n')
	if w.count++; w.count == 1 {
		w.began = time.Now()
	}
	if notify(w.kick); len(w.buf) > maxBuffered/2 {
		notify(w.hurry)
	}
	return nil
}

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run writes the queued records until kick is closed.
func (w *Writer) run(to io.Writer) {
	defer close(w.done)
	var out []byte
	pause := time.NewTimer(0)
	defer pause.Stop()
	for range w.kick {
		w.mu.Lock()
		w.buf, out = out, w.buf
		w.drained.Broadcast()
		w.mu.Unlock()
		if len(out) > 0 {
			w.write(to, out)
		}
		if out = out[:0]; cap(out) > 2*maxBuffered { // after a single huge record
			out = nil
		}
		pause.Reset(writePause)
		select {
		case <-pause.C:
		case <-w.hurry:
		}
	}
}

func (w *Writer) write(to io.Writer, lines []byte) {
	begin := time.Now()
	n, err := to.Write(lines)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.blocked += time.Since(begin)
	if err == nil {
		return
	}
	if w.err == nil {
		w.err = err
	}
	w.lost += int64(bytes.Count(lines[n:], newline) + bytes.Count(w.buf, newline))
	w.buf = nil
	w.drained.Broadcast()
}

// Count returns the number of records so far, including those that were lost later.
func (w *Writer) Count() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

// Blocked returns the time spent in writes and the time since the first record.
func (w *Writer) Blocked() (blocked, run time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.blocked, time.Since(w.began)
}

// LostError reports records that could not be written.
type LostError struct {
	Err     error
	Lost    int64  // records; 0 if only the end of the file could not be written
	Partial string // name of the file that has the other records; empty if there is none
}

// Error returns the cause, what is lost and which file has the rest.
func (e *LostError) Error() string {
	switch {
	case e.Partial == "" && e.Lost > 0:
		return fmt.Sprintf("%v: %d records are lost", e.Err, e.Lost)
	case e.Partial == "":
		return e.Err.Error()
	}
	return fmt.Sprintf("%v: %d records are lost; the others are in %s", e.Err, e.Lost, e.Partial)
}

// Unwrap returns the cause.
func (e *LostError) Unwrap() error { return e.Err }

// Close writes the queued records and closes the file. Emit must not be called any more. An error is a *LostError.
func (w *Writer) Close() error {
	err := w.drain()
	if err == nil {
		err = w.file.commit()
	}
	if err == nil {
		return nil
	}
	named := w.file.out.Named()
	lost := &LostError{Err: err, Lost: w.lost, Partial: w.file.rescue()}
	if named { // of lines that were compressed, not all were written
		lost.Lost = w.count + w.refused - w.file.added(lost.Partial)
	}
	return lost
}

// Abort ends a Writer without records and aborts its file.
func (w *Writer) Abort() {
	w.drain()
	w.file.Abort()
}

// drain writes the queued records and ends run.
func (w *Writer) drain() error {
	notify(w.hurry)
	w.kick <- struct{}{}
	close(w.kick)
	<-w.done
	return w.err
}
