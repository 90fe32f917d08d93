// Package track logs the figures of a run to experiment trackers while its records flow: wandb, swanlab, clearml, mlflow.
package track

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"perfpipe/internal/stats"
)

// Options say what is logged, and where.
type Options struct {
	Trackers []string       // of Names
	Project  string         // "" is what the tracker's own variable says, else DefaultProject
	Name     string         // of the run; "" is its model and time
	Config   map[string]any // secrets in it are masked
	Dir      string         // of local runs, and of what could not be logged
	Python   string         // interpreter, or an environment's folder, for the trackers that are Python packages
	Keys     []string       // NAME=value: more of the environment of those, such as API keys
	Getenv   func(string) string
	Report   func(Message) // is told what a person should know; may be called from several goroutines
}

// DefaultProject is evalscope's.
const DefaultProject = "perf_benchmark"

// Message is a fact for a person, and what to do about it.
type Message struct{ Fact, Hint string }

// Names are the trackers.
func Names() []string { return []string{"wandb", "swanlab", "clearml", "mlflow"} }

// Run is one run, logged to any number of trackers. What its methods are told is written to a file from which each
// tracker is served in a goroutine of its own, so that none of them can hold up another, or the caller.
type Run struct {
	opt      Options
	trackers []*tracker
	journal  *journal // nil before the first records
	lost     error    // why the journal ends early
	logged   map[string]int64

	ctx    context.Context
	cancel context.CancelFunc
	ending chan struct{} // closed when no more is logged
	wg     sync.WaitGroup
}

// tracker is one of the places where a run is logged.
type tracker struct {
	name string
	sink sink
	said bool // that it failed
	done bool // all of the run is there
}

// sink takes events.
type sink interface {
	// send logs an event, given also as its line. For a new run it returns where that is to be seen.
	send(ctx context.Context, e *event, line []byte) (place string, err error)
	close()
}

// trouble is an error of a sink with what follows from it.
type trouble struct {
	err   error
	hint  string
	again bool // it may pass: send the event once more
	small bool // the event is not logged, but others can be
}

func (t *trouble) Error() string { return t.err.Error() }
func (t *trouble) Unwrap() error { return t.err }

// Start prepares the trackers. Nothing is logged before there are records.
func Start(opt Options) *Run {
	var trackers []*tracker
	for _, name := range opt.Trackers {
		t := &tracker{name: name}
		if name == "mlflow" {
			t.sink = newMLflow(opt)
		} else {
			t.sink = newChild(name, opt)
		}
		trackers = append(trackers, t)
	}
	return newRun(opt, trackers)
}

func newRun(opt Options, trackers []*tracker) *Run {
	r := &Run{opt: opt, trackers: trackers, logged: map[string]int64{}, ending: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// Follow logs what snapshot gives at an interval, until ctx is done. The time that a snapshot takes is no part of the
// interval.
func (r *Run) Follow(ctx context.Context, interval time.Duration, snapshot func() *stats.Summary) {
	for {
		select {
		case <-time.After(interval):
			r.Log(snapshot())
		case <-ctx.Done():
			return
		}
	}
}

// Log logs the blocks to which records were added since the last time.
func (r *Run) Log(s *stats.Summary) {
	var events []*event
	for i := range s.Blocks {
		b := &s.Blocks[i]
		if b.Requests == 0 || r.logged[pointName(b)] == b.Requests {
			continue
		}
		if r.journal == nil && r.lost == nil {
			r.begin(b)
		}
		r.logged[pointName(b)] = b.Requests
		events = append(events, running(b))
	}
	r.add(events...)
}

// begin makes the journal and sets the trackers to work on it.
func (r *Run) begin(first *stats.Block) {
	e := opening(r.opt.Name, r.opt.Config, first)
	j, err := create(r.opt.Dir, e.Name)
	if err != nil {
		r.lose(err)
		return
	}
	r.journal = j
	r.add(e)
	r.serve()
}

func (r *Run) serve() {
	for _, t := range r.trackers {
		r.wg.Go(func() { r.work(t) })
	}
}

func (r *Run) add(events ...*event) {
	if r.journal == nil || r.lost != nil || len(events) == 0 {
		return
	}
	if err := r.journal.add(events...); err != nil {
		r.lose(err)
	}
}

// lose gives up logging: there is no place for the events.
func (r *Run) lose(err error) {
	r.lost = err
	r.opt.Report(Message{fmt.Sprintf("nothing more is logged to trackers: %v", err), "--outputs-dir names a directory that can be written"})
}

// Finish logs the rest: the last values, tables, charts and files; or, of a run that failed, only that. It returns when
// every tracker has all of it, or has given up, or when ctx is done. What a tracker did not take is then kept, which it
// reports; it returns whether anything is.
func (r *Run) Finish(ctx context.Context, s *stats.Summary, files []string, failed error) (kept bool) {
	r.Log(s)
	if r.journal == nil {
		r.shut()
		if r.lost == nil {
			r.opt.Report(Message{Fact: "there are no records, so nothing is logged"})
		}
		return false
	}
	if failed != nil {
		r.add(&event{Op: opFinish, Failed: failed.Error(), TimeMs: lastMs(s)})
	} else {
		r.add(closing(s)...)
		for _, path := range files {
			r.add(&event{Op: opFile, Path: path})
		}
		r.add(&event{Op: opFinish, TimeMs: lastMs(s)})
	}
	kept = r.await(ctx)
	r.journal.file.Close()
	if !kept {
		r.journal.remove()
	}
	return kept
}

// lastMs is when the last request ended, ms since the epoch.
func lastMs(s *stats.Summary) (ms int64) {
	for i := range s.Blocks {
		ms = max(ms, s.Blocks[i].LastEndUs/1000)
	}
	return ms
}

// Send logs a run that was kept. It returns whether a tracker did not take all of it.
func Send(ctx context.Context, opt Options, path string) (missed bool, err error) {
	j, err := open(path)
	if err != nil {
		return false, err
	}
	defer j.file.Close()
	r := Start(opt)
	r.journal = j
	r.serve()
	return r.await(ctx), nil
}

// await lets the trackers finish, until ctx is done.
func (r *Run) await(ctx context.Context) (kept bool) {
	r.journal.end()
	close(r.ending)
	stop := context.AfterFunc(ctx, r.cancel)
	r.wg.Wait()
	stop()
	r.shut()
	for _, t := range r.trackers {
		kept = kept || !t.done
	}
	return kept
}

// shut ends the trackers.
func (r *Run) shut() {
	r.cancel()
	for _, t := range r.trackers {
		t.sink.close()
	}
}

// work serves one tracker.
func (r *Run) work(t *tracker) {
	if err := r.replay(t); err != nil {
		r.fail(t, err)
		return
	}
	t.done = true
	if t.said {
		r.opt.Report(Message{Fact: t.name + ": all of it is logged now"})
	}
}

// replay tells a tracker what the journal says, as it grows.
func (r *Run) replay(t *tracker) error {
	open := false
	for line := range r.journal.lines(r.ctx) {
		e, err := decode(line)
		if err != nil {
			return err
		}
		if err := r.deliver(t, e, line); err != nil {
			return err
		}
		open = e.Op != opFinish
	}
	if !open {
		return nil
	}
	if err := r.ctx.Err(); err != nil {
		return err
	}
	// The writer was killed, or had no place to write.
	e := &event{Op: opFinish, Failed: "the log of the run ends before its end"}
	line, err := encode(e)
	if err != nil {
		return err
	}
	return r.deliver(t, e, line)
}

// deliver sends one event, again and again while that may help. Once the run is ending there is one more try.
func (r *Run) deliver(t *tracker, e *event, line []byte) error {
	last := false
	for wait := time.Second; ; wait = min(2*wait, 30*time.Second) {
		place, err := t.sink.send(r.ctx, e, line)
		var tr *trouble
		switch {
		case err == nil:
			if place != "" {
				r.opt.Report(Message{Fact: t.name + ": " + place})
			}
			return nil
		case errors.As(err, &tr) && tr.small:
			r.opt.Report(Message{t.name + ": " + err.Error(), tr.hint})
			return nil
		case tr == nil || !tr.again || last || r.ctx.Err() != nil:
			return err
		}
		r.fail(t, err)
		select {
		case <-time.After(wait):
		case <-r.ending:
			last = true
		case <-r.ctx.Done():
		}
	}
}

// fail says, once, why a tracker does not take the run, and how it can be sent again.
func (r *Run) fail(t *tracker, err error) {
	if t.said {
		return
	}
	t.said = true
	again := fmt.Sprintf("perf-stats --visualizer %s %s", t.name, r.journal.path())
	var tr *trouble
	if errors.As(err, &tr) && tr.hint != "" {
		again = tr.hint + "; then " + again
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("not all was logged in time")
	}
	r.opt.Report(Message{fmt.Sprintf("%s: %v; what is not logged is kept", t.name, err), again})
}
