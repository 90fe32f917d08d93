// Package progress shows how far a run is: as a line that changes on a terminal, or as a plain line every few seconds.
package progress

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"perfpipe/internal/load"
	"perfpipe/internal/record"
)

// Config describes what to show, and where.
type Config struct {
	Counts   *load.Counts
	Running  func() (tokens int64, ttft time.Duration) // output tokens of the load point, recent TTFT; 0: unknown
	Points   int                                       // load points of the run
	Duration time.Duration                             // limit of a load point; 0: none
	Every    int                                       // log a line after this number of requests; 0: never

	Status func(text string)                // sets the terminal's line; nil: there is none
	Say    func(format string, args ...any) // writes a line
	Quiet  bool                             // without a terminal's line, show no progress
}

// Progress shows a run until Stop.
type Progress struct {
	cfg    Config
	logged int64
	stage  atomic.Pointer[string]
	point  atomic.Int64 // the current load point, counted from 1; 0: not known
	quit   chan struct{}
	done   chan struct{}

	phase  *load.Phase // the latest one
	since  time.Time   // when it was first seen
	before int64       // requests that had finished then
}

const (
	drawEvery = 200 * time.Millisecond
	lineEvery = 5 * time.Second
	firstLine = 3 * time.Second // after the start
	silence   = 2 * time.Second // without an answer until that is shown
)

// Start begins to show a run.
func Start(c Config) *Progress {
	p := &Progress{cfg: c, quit: make(chan struct{}), done: make(chan struct{})}
	go p.show()
	return p
}

// Stop shows the last counts and clears the terminal's line.
func (p *Progress) Stop() {
	close(p.quit)
	<-p.done
}

// Stage shows text instead of the counts, until the next call. An empty text shows the counts again.
func (p *Progress) Stage(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	p.stage.Store(&s)
}

// Point sets the number of the current load point, counted from 1.
func (p *Progress) Point(n int) { p.point.Store(int64(n)) }

func (p *Progress) show() {
	defer close(p.done)
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	next := time.Now().Add(firstLine)
	for {
		select {
		case <-p.quit:
			p.log()
			if p.cfg.Status != nil {
				p.cfg.Status("")
			}
			return
		case now := <-tick.C:
			p.log()
			text := p.text(now)
			switch {
			case p.cfg.Status != nil:
				p.cfg.Status(text)
			case !p.cfg.Quiet && now.After(next):
				next = now.Add(lineEvery)
				p.cfg.Say("%s", text)
			}
		}
	}
}

// log writes the lines that are due since the last look.
func (p *Progress) log() {
	every := int64(p.cfg.Every)
	if every <= 0 {
		return
	}
	for n := p.cfg.Counts.Requests.Load(); n-p.logged >= every; {
		p.logged += every
		p.cfg.Say("%d requests done, %d failed", p.logged, p.cfg.Counts.Failed.Load())
	}
}

// text returns the state of the run.
func (p *Progress) text(now time.Time) string {
	if s := p.stage.Load(); s != nil && *s != "" {
		return *s
	}
	counts := p.cfg.Counts
	ph := counts.Phase.Load()
	if ph == nil {
		return "waiting for the first request line"
	}
	if ph != p.phase {
		p.phase, p.since, p.before = ph, now, counts.Requests.Load()
	}
	requests, inFlight, elapsed := counts.Requests.Load()-p.before, counts.InFlight.Load(), now.Sub(p.since)
	parts := []string{p.title(ph) + ": " + p.finished(ph, requests), fmt.Sprintf("%d in flight", inFlight)}
	if n := counts.Failed.Load(); n > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", n))
	}
	if requests == 0 && inFlight > 0 && elapsed >= silence {
		parts = append(parts, fmt.Sprintf("no complete answer for %.0f s", elapsed.Seconds()))
	} else if requests > 0 && elapsed >= time.Second {
		parts = append(parts, p.speed(ph, requests, elapsed)...)
	}
	return strings.Join(parts, ", ")
}

// finished returns what has finished in the phase, such as "10/100 done". Of sessions it has the requests, too. The
// numbers come after the words, which need no plural then.
func (p *Progress) finished(ph *load.Phase, requests int64) string {
	s := fmt.Sprint(p.cfg.Counts.Done.Load())
	if ph.Total > 0 {
		s += fmt.Sprintf("/%d", ph.Total)
	}
	if p.cfg.Counts.Sessions.Begun.Load() > 0 {
		return fmt.Sprintf("sessions %s done, requests %d", s, requests)
	}
	return s + " done"
}

// speed returns the rates of the phase, in which a number of requests has finished, and the time that is left.
func (p *Progress) speed(ph *load.Phase, requests int64, elapsed time.Duration) []string {
	parts := []string{fmt.Sprintf("%.3g req/s", float64(requests)/elapsed.Seconds())}
	tokens, ttft := p.cfg.Running()
	if tokens > 0 {
		parts = append(parts, fmt.Sprintf("%.0f tok/s", float64(tokens)/elapsed.Seconds()))
	}
	if ttft > 0 {
		parts = append(parts, fmt.Sprintf("TTFT %s ms", Milliseconds(ttft)))
	}
	if left, ok := p.left(ph, elapsed); ok {
		parts = append(parts, left.Round(time.Second).String()+" left")
	}
	return parts
}

// title returns the name of the current load point.
func (p *Progress) title(ph *load.Phase) string {
	s := ph.Run
	if n := p.point.Load(); p.cfg.Points > 1 && n > 0 {
		s += fmt.Sprintf(" (%d of %d)", n, p.cfg.Points)
	}
	if ph.Name == record.PhaseWarmup {
		s += " warm-up"
	}
	return s
}

// left returns the time until the load point ends, by the requests or sessions that are left or by its duration,
// whichever is less. Those that an earlier run has sent do not count in the speed.
func (p *Progress) left(ph *load.Phase, elapsed time.Duration) (left time.Duration, known bool) {
	done := p.cfg.Counts.Done.Load()
	own := done - p.cfg.Counts.Earlier.Load()
	if n := int64(ph.Total); n > 0 && own > 0 {
		left, known = time.Duration(float64(elapsed)*float64(n-done)/float64(own)), true
	}
	if p.cfg.Duration > 0 && ph.Name == record.PhaseMeasure {
		if byTime := max(0, p.cfg.Duration-elapsed); !known || byTime < left {
			left, known = byTime, true
		}
	}
	return left, known
}

// Milliseconds formats a duration in ms, with three digits below 1,000.
func Milliseconds(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms < 10:
		return fmt.Sprintf("%.2f", ms)
	case ms < 100:
		return fmt.Sprintf("%.1f", ms)
	}
	return fmt.Sprintf("%.0f", ms)
}
