// Package live redraws text in place on a terminal while what it shows changes, and reads files that still grow.
package live

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// unknownWidth is the assumed width of a terminal that does not report it, in columns.
const unknownWidth = 200

// screen is a terminal with text that the next drawing replaces.
type screen struct {
	w     io.Writer
	drawn int // lines
}

// Start writes the lines that draw returns to w, a terminal, at an interval, each time over those before. While draw
// returns nothing, it leaves the screen as it is. The function stop erases the lines and returns when that is done.
func Start(w io.Writer, interval time.Duration, draw func() string) (stop func()) {
	s := &screen{w: w}
	quit := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if text := draw(); text != "" {
					s.draw(text)
				}
			case <-quit:
				s.erase()
				return
			}
		}
	})
	return func() {
		close(quit)
		done.Wait()
	}
}

// draw replaces the text. Lines that are wider than the terminal are cut, since wrapped ones could not be erased.
func (s *screen) draw(text string) {
	s.erase()
	width := s.width()
	for line := range strings.Lines(text) {
		fmt.Fprintln(s.w, runewidth.Truncate(strings.TrimRight(line, "\n"), width, "…"))
		s.drawn++
	}
}

// erase moves the cursor up over the drawn lines and clears the screen from there.
func (s *screen) erase() {
	if s.drawn > 0 {
		fmt.Fprintf(s.w, "\x1b[%dA\x1b[J", s.drawn)
		s.drawn = 0
	}
}

func (s *screen) width() int {
	if f, ok := s.w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return unknownWidth
}
