package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"llmperf/internal/cli"
	"llmperf/internal/load"
	"llmperf/internal/record"
)

// progress shows on stderr how far the run is: a bar for each phase on a terminal, elsewhere a plain line every few
// seconds.
type progress struct {
	env    *cli.Env
	counts *load.Counts
	every  int // --log-every-n-query
	logged int64
	bar    *progressbar.ProgressBar
	phase  *load.Phase // the bar's
	quit   chan struct{}
	done   chan struct{}
}

const (
	barPause  = 100 * time.Millisecond
	linePause = 5 * time.Second
)

func startProgress(env *cli.Env, f *flags, counts *load.Counts) *progress {
	p := &progress{env: env, counts: counts, every: f.LogEveryN, quit: make(chan struct{}), done: make(chan struct{})}
	bars := f.Progress && env.TTY && !f.Debug
	go func() {
		defer close(p.done)
		tick := time.NewTicker(barPause)
		defer tick.Stop()
		next := time.Now().Add(linePause)
		for {
			select {
			case <-p.quit:
				if p.log(); bars {
					p.draw()
					p.end()
				}
				return
			case now := <-tick.C:
				p.log()
				switch {
				case bars:
					p.draw()
				case f.Progress && now.After(next):
					next = now.Add(linePause)
					p.line()
				}
			}
		}
	}()
	return p
}

func (p *progress) stop() {
	close(p.quit)
	<-p.done
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

func (p *progress) line() {
	ph := p.counts.Phase.Load()
	if ph == nil {
		p.env.Say("waiting for the first request")
		return
	}
	of := ""
	if ph.Total > 0 {
		of = fmt.Sprintf(" of %d", ph.Total)
	}
	p.env.Say("%s, %s: %d%s done, %d in flight, %d failed", ph.Run, ph.Name, p.counts.Done.Load(), of, p.counts.InFlight.Load(), p.counts.Failed.Load())
}

func (p *progress) draw() {
	ph := p.counts.Phase.Load()
	if ph == nil {
		return
	}
	if ph != p.phase {
		if p.bar != nil && p.phase.Total > 0 { // the next phase begins when this one is whole
			p.bar.Set(p.phase.Total)
		}
		p.end()
		p.phase = ph
		name := "Processing"
		if ph.Name == record.PhaseWarmup {
			name = "Warmup"
		}
		total := int64(ph.Total)
		if total == 0 {
			total = -1
		}
		p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.env.Stderr), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("req"), progressbar.OptionSetDescription(fmt.Sprintf("%s[%s]", name, ph.Run)), progressbar.OptionSetWidth(30))
	}
	p.bar.Set64(p.counts.Done.Load()) // an error is the terminal's, which is gone then
}

func (p *progress) end() {
	if p.bar != nil {
		p.bar.Exit()
		fmt.Fprintln(p.env.Stderr)
		p.bar = nil
	}
}

// debugger writes each step of each exchange on stderr, as evalscope's --debug does. Events are whole lines, so that
// several requests at once stay readable.
func (f *flags) debugger(env *cli.Env) func(id, what string, text []byte) {
	if !f.Debug {
		return nil
	}
	titles := map[string]string{"endpoint": "Endpoint", "start": "Starting request", "sent": "Request sent", "received": "Response received"}
	return func(id, what string, text []byte) {
		line := strings.ReplaceAll(strings.ToValidUTF8(string(text), "\uFFFD"), "\n", `\n`)
		fmt.Fprintf(env.Stderr, "%s perf-send DEBUG %s: %s: %s\n", time.Now().Format("2006-01-02 15:04:05.000"), id, titles[what], line)
	}
}
