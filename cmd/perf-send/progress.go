package main

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/tally"
)

// progress shows on stderr how far the run is: a line that changes on a terminal, elsewhere a plain line every few
// seconds.
type progress struct {
	env    *cli.Env
	counts *load.Counts
	tally  *tally.Tally
	every  int // --log-every-n-query
	logged int64
	limit  time.Duration // --duration
	points int           // load points of the run
	stage  atomic.Pointer[string]
	point  atomic.Int64 // the load point under way, counted from 1
	status *cli.Status  // nil: no terminal, or none that is to be drawn on
	quit   chan struct{}
	done   chan struct{}

	phase *load.Phase // the latest one, and when it was first seen
	since time.Time
}

const (
	drawPause = 200 * time.Millisecond
	linePause = 5 * time.Second
	firstLine = 3 * time.Second // after the start
	quiet     = 2 * time.Second // without an answer, which is then said
)

// showProgress starts to show. Messages of the run must go to env.Stderr after that.
func (r *runner) showProgress(points int) *progress {
	p := &progress{
		env: r.env, counts: &r.engine.Counts, tally: &r.tally, every: r.f.LogEveryN, limit: time.Duration(r.f.Duration),
		points: points, quit: make(chan struct{}), done: make(chan struct{}),
	}
	if r.f.Progress && r.env.TTY && !r.f.Debug {
		p.status = r.env.Status()
	}
	go p.show(r.f.Progress)
	return p
}

func (p *progress) show(wanted bool) {
	defer close(p.done)
	tick := time.NewTicker(drawPause)
	defer tick.Stop()
	next := time.Now().Add(firstLine)
	for {
		select {
		case <-p.quit:
			p.log()
			if p.status != nil {
				p.status.Set("")
			}
			return
		case now := <-tick.C:
			p.log()
			text := p.text(now)
			switch {
			case p.status != nil:
				p.status.Set(text)
			case wanted && now.After(next):
				next = now.Add(linePause)
				p.env.Say("%s", text)
			}
		}
	}
}

func (p *progress) stop() {
	close(p.quit)
	<-p.done
}

// wait says what the run waits for before a load point, until the next call; "" nothing.
func (p *progress) wait(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	p.stage.Store(&s)
}

// log writes a line for each --log-every-n-query requests, however many have ended since the last look.
func (p *progress) log() {
	if p.every <= 0 {
		return
	}
	for n := p.counts.Requests.Load(); n-p.logged >= int64(p.every); {
		p.logged += int64(p.every)
		p.env.Say("%d requests done, %d failed", p.logged, p.counts.Failed.Load())
	}
}

// text is how far the run is.
func (p *progress) text(now time.Time) string {
	if s := p.stage.Load(); s != nil && *s != "" {
		return *s
	}
	ph := p.counts.Phase.Load()
	if ph == nil {
		return "waiting for the first request line"
	}
	if ph != p.phase {
		p.phase, p.since = ph, now
	}
	done, inFlight, elapsed := p.counts.Done.Load(), p.counts.InFlight.Load(), now.Sub(p.since)
	of := ""
	if ph.Total > 0 {
		of = fmt.Sprintf("/%d", ph.Total)
	}
	parts := []string{fmt.Sprintf("%s: %d%s done", p.title(ph), done, of), fmt.Sprintf("%d in flight", inFlight)}
	if n := p.counts.Failed.Load(); n > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", n))
	}
	if done == 0 && inFlight > 0 && elapsed >= quiet {
		return strings.Join(append(parts, fmt.Sprintf("no answer for %.0f s", elapsed.Seconds())), ", ")
	}
	if s := elapsed.Seconds(); s >= 1 && done > 0 {
		parts = append(parts, fmt.Sprintf("%.3g req/s", float64(done)/s))
		tokens, ttft := p.tally.Running()
		if tokens > 0 {
			parts = append(parts, fmt.Sprintf("%.0f tok/s", float64(tokens)/s))
		}
		if ttft > 0 {
			parts = append(parts, fmt.Sprintf("TTFT %s ms", milliseconds(ttft)))
		}
		if left, ok := p.left(ph, done, elapsed); ok {
			parts = append(parts, left.Round(time.Second).String()+" left")
		}
	}
	return strings.Join(parts, ", ")
}

// title names the load point under way.
func (p *progress) title(ph *load.Phase) string {
	s := ph.Run
	if n := p.point.Load(); p.points > 1 && n > 0 {
		s += fmt.Sprintf(" (%d of %d)", n, p.points)
	}
	if ph.Name == record.PhaseWarmup {
		s += " warm-up"
	}
	return s
}

// left is the time until the load point ends, by the requests that are left or by --duration, whichever is sooner.
func (p *progress) left(ph *load.Phase, done int64, elapsed time.Duration) (left time.Duration, known bool) {
	if n := int64(ph.Total); n > 0 && done > 0 {
		left, known = time.Duration(float64(elapsed)*float64(n-done)/float64(done)), true
	}
	if p.limit > 0 && ph.Name == record.PhaseMeasure {
		if byTime := max(0, p.limit-elapsed); !known || byTime < left {
			left, known = byTime, true
		}
	}
	return left, known
}

// milliseconds is a duration in ms with three digits.
func milliseconds(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms < 10:
		return fmt.Sprintf("%.2f", ms)
	case ms < 100:
		return fmt.Sprintf("%.1f", ms)
	}
	return fmt.Sprintf("%.0f", ms)
}
