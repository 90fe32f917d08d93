package main

import (
	"bytes"
	"io"
	"sync"
	"time"

	"perfpipe/internal/record"
)

// sink owns the output: records are encoded where they are made and written by one goroutine, many at a time.
type sink struct {
	mu      sync.Mutex
	buf     []byte
	enc     record.Encoder
	err     error         // of the output: it is told to each who writes
	records int64         // taken, of which some may be lost
	lost    int64         // not written, since the output failed
	began   time.Time     // when the first record was taken
	blocked time.Duration // in writes: how long the output kept records waiting
	kick    chan struct{} // holds a token while there is something to write
	hurry   chan struct{} // holds a token while there is much to write
	room    *sync.Cond
	done    chan struct{}
}

var newline = []byte{'\n'}

const (
	sinkBound = 1 << 20               // more than this may not wait to be written
	sinkPause = 20 * time.Millisecond // between writes: each may cost a change of threads, which lets Go look for more to change
)

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func newSink(w io.Writer) *sink {
	s := &sink{kick: make(chan struct{}, 1), hurry: make(chan struct{}, 1), done: make(chan struct{})}
	s.room = sync.NewCond(&s.mu)
	go s.run(w)
	return s
}

// Emit writes a record. Its error is the output's, of this or an earlier record.
func (s *sink) Emit(rec *record.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.buf) > sinkBound && s.err == nil {
		s.room.Wait()
	}
	if s.err != nil {
		s.lost++
		return s.err
	}
	b, err := s.enc.Append(s.buf, rec)
	if err != nil {
		return err
	}
	s.buf = append(b, '\n')
	if s.records++; s.records == 1 {
		s.began = time.Now()
	}
	if notify(s.kick); len(s.buf) > sinkBound/2 {
		notify(s.hurry)
	}
	return nil
}

func (s *sink) run(w io.Writer) {
	defer close(s.done)
	var out []byte
	pause := time.NewTimer(0)
	defer pause.Stop()
	for range s.kick {
		s.mu.Lock()
		s.buf, out = out, s.buf
		s.room.Broadcast()
		s.mu.Unlock()
		if len(out) > 0 {
			begin := time.Now()
			n, err := w.Write(out)
			s.mu.Lock()
			s.blocked += time.Since(begin)
			if err != nil {
				if s.err == nil {
					s.err = err
				}
				s.lost += int64(bytes.Count(out[n:], newline) + bytes.Count(s.buf, newline))
				s.buf = nil
				s.room.Broadcast()
			}
			s.mu.Unlock()
		}
		if out = out[:0]; cap(out) > 2*sinkBound { // a single huge record
			out = nil
		}
		pause.Reset(sinkPause)
		select {
		case <-pause.C:
		case <-s.hurry:
		}
	}
}

// blockedTime returns the time spent in writes, and that since the first record. Close must have returned.
func (s *sink) blockedTime() (blocked, run time.Duration) { return s.blocked, time.Since(s.began) }

// Close writes what is left. Emit must not be called any more.
func (s *sink) Close() error {
	notify(s.hurry)
	s.kick <- struct{}{}
	close(s.kick)
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
