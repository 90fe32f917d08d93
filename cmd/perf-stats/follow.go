package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"

	"perfpipe/internal/cli"
	"perfpipe/internal/format"
	"perfpipe/internal/stats"
)

// live redraws the figures on stderr while records come.
type live struct {
	env    *cli.Env
	stream *stats.Stream
	lines  int // drawn, to be overwritten
	quit   chan struct{}
	done   sync.WaitGroup
}

// redraw is how often the figures are drawn anew.
const redraw = time.Second

// follow starts redrawing; stop ends it and leaves the screen as it was.
func follow(env *cli.Env, stream *stats.Stream) (stop func()) {
	if !env.TTY {
		env.Say("--follow: stderr is no terminal, so there is only the table at the end")
		return func() {}
	}
	release := env.Own()
	l := &live{env: env, stream: stream, quit: make(chan struct{})}
	l.done.Go(func() {
		tick := time.NewTicker(redraw)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				l.draw()
			case <-l.quit:
				l.clear()
				return
			}
		}
	})
	return func() {
		close(l.quit)
		l.done.Wait()
		release()
	}
}

// draw shows all load points in one table, and what happens at the latest.
func (l *live) draw() {
	var b bytes.Buffer
	if err := format.Progress(&b, l.stream.Collector().Summary()); err != nil || b.Len() == 0 {
		return
	}
	l.clear()
	width := l.width()
	for line := range strings.Lines(b.String()) {
		fmt.Fprintln(l.env.Stderr, runewidth.Truncate(strings.TrimRight(line, "\n"), width, "…"))
		l.lines++
	}
}

// clear takes away what was drawn: up so many lines, then erase to the end of the screen.
func (l *live) clear() {
	if l.lines > 0 {
		fmt.Fprintf(l.env.Stderr, "\x1b[%dA\x1b[J", l.lines)
		l.lines = 0
	}
}

func (l *live) width() int {
	if f, ok := l.env.Stderr.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 200
}
