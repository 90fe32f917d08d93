package cli

import (
	"cmp"
	"fmt"
	"io"
	"sync"

	"github.com/mattn/go-runewidth"

	"perfpipe/internal/visible"
)

// Status is a line at the bottom of a terminal that says how far a run is. It is the writer of all other messages too:
// they appear above the line.
type Status struct {
	mu   sync.Mutex
	w    io.Writer
	line string // on the screen; "": none
	turn ttyTurn
}

// Status turns stderr, a terminal, into a status line with the messages above it.
func (e *Env) Status() *Status {
	s := &Status{w: e.Stderr, turn: openTurn(e.Stderr)}
	e.Stderr = s
	return s
}

// Set shows a line in the place of the last one, "" none. It is cut to the width of the terminal. While another process
// draws on the same terminal (Own) nothing is shown.
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
	fmt.Fprintf(s.w, "\r%s\x1b[K", line) // an error is the terminal's, which has gone then
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

// Own reserves the terminal that stderr is for this process, until release: Status of other processes draws nothing.
func (e *Env) Own() (release func()) {
	t := openTurn(e.Stderr)
	t.wait()
	return t.close
}
