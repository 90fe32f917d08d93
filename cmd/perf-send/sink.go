package main

import (
	"bytes"
	"io"
	"sync"
	"time"

	"llmperf/internal/record"
	"llmperf/internal/stats"
)

// sink owns the output: records are encoded where they are made and written by one goroutine, many at a time.
type sink struct {
	mu      sync.Mutex
	buf     []byte
	enc     record.Encoder
	err     error         // of the output: it is told to each who writes
	records int64         // taken, of which some may be lost
	lost    int64         // not written, since the output failed
	client  stats.Client  // what the measured records say of this load generator
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
	s.records++
	if rec.Phase == record.PhaseMeasure {
		s.client.Add(rec)
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
			if n, err := w.Write(out); err != nil {
				s.mu.Lock()
				if s.err == nil {
					s.err = err
				}
				s.lost += int64(bytes.Count(out[n:], newline) + bytes.Count(s.buf, newline))
				s.buf = nil
				s.room.Broadcast()
				s.mu.Unlock()
			}
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
