package cli

import (
	"cmp"
	"fmt"
	"io"
	"sync"

	"github.com/mattn/go-runewidth"

	"perfpipe/internal/visible"
)

// Status is a line at the bottom of a terminal that shows the progress of a run. It is also the writer of all other
// messages, which appear above the line.
type Status struct {
	mu   sync.Mutex
	w    io.Writer
	line string // on the screen; empty if there is none
	turn ttyTurn
}

// Status replaces stderr, which must be a terminal, by a status line with the messages above it.
func (e *Env) Status() *Status {
	s := &Status{w: e.Stderr, turn: openTurn(e.Stderr)}
	e.Stderr = s
	return s
}

// Set replaces the line; "" removes it. It is cut to the width of the terminal. While another process draws on the same
// terminal (see Own), nothing is shown.
func (s *Status) Set(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.turn.take() {
		line = ""
	}
	defer s.turn.release()
	line = runewidth.Truncate(visible.Line(line), max(cmp.Or(Columns(s.w), 80)-1, 1), "…")
	if line == s.line {
		return
	}
	s.line = line
	fmt.Fprintf(s.w, "\r%s\x1b[K", line) // fails only if the terminal is gone
}

// Write implements io.Writer: p appears above the line. It must end with a newline.
func (s *Status) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line != "" {
		fmt.Fprint(s.w, "\r\x1b[K")
	}
	n, err := s.w.Write(p)
	if s.line != "" {
		fmt.Fprint(s.w, s.line)
	}
	return n, err
}

// Own reserves the terminal on stderr for this process until release is called: other processes show no Status.
func (e *Env) Own() (release func()) {
	t := openTurn(e.Stderr)
	t.wait()
	return t.close
}
