// Package track logs the figures of a run to experiment trackers while its records arrive: wandb, swanlab, clearml and
// mlflow.
//
// A run is a journal: a file of events (a run begins, values at a step, a table, …). Each tracker is served from it by
// a goroutine of its own, so that a slow or broken tracker holds up neither the others nor the caller. The journal is
// removed when every tracker has logged all of it; otherwise it is kept, and Send logs it later.
//
// A tracker is a type with the methods of sink. mlflow is one that speaks HTTP; the others are Python packages, which a
// child process drives.
package track

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"perfpipe/internal/stats"
)

// Options select what is logged, and to which trackers.
type Options struct {
	Trackers []string                 // of Names
	Project  string                   // "": from the tracker's own environment variable, else defaultProject
	Name     string                   // of the run; "": its model and time
	Config   map[string]any           // logged when the run begins; secrets in it are masked
	Late     func() map[string]any    // returns what to add at its end
	Dir      string                   // of local runs, and of journals
	Python   string                   // interpreter, or folder of an environment, for the Python packages
	Upload   []string                 // files to log at the end; - is what the reader returned by Run.Stdin has read
	Keys     []string                 // NAME=value: additional environment of those, such as API keys
	Getenv   func(name string) string // looks up an environment variable
	Report   func(Message)            // tells the user something; several goroutines may call it
	Hints    Hints
}

// Hints are the next steps that depend on the flags of the caller.
type Hints struct {
	Dir    string                            // how to choose another Dir
	Python func(pkg string) string           // how to choose an interpreter that has a package
	Resend func(tracker, path string) string // the command that logs a kept run
}

// defaultProject is the default of evalscope.
const defaultProject = "perf_benchmark"

// Message is a fact for the user, and a hint on what to do about it.
type Message struct{ Fact, Hint string }

// Names returns the names of the trackers.
func Names() []string { return []string{"wandb", "swanlab", "clearml", "mlflow"} }

// Run is one run that is logged to any number of trackers.
type Run struct {
	opt      Options
	trackers []*tracker
	journal  *journal // nil before the first records
	lost     error    // why the journal ends early
	layout   layout
	settings settings

	stdin    *copied // for the upload; nil if not needed
	snapshot func() *stats.Summary
	unfollow context.CancelFunc
	follower sync.WaitGroup

	ctx    context.Context // of the trackers
	cancel context.CancelFunc
	ending chan struct{} // closed when no more is logged
	wg     sync.WaitGroup
}

// tracker is one destination of a run.
type tracker struct {
	name   string
	sink   sink
	failed bool // a failure was reported
	done   bool // all of the run is logged
}

// sink is the connection to a tracker.
type sink interface {
	// send logs an event, which line encodes. For a new run it returns the place where the user finds it.
	send(ctx context.Context, e *event, line []byte) (place string, err error)
	close()
}

// trouble is an error of a sink, with its consequences.
type trouble struct {
	err   error
	hint  string
	again bool // it may pass: retry the event
	small bool // only this event cannot be logged
}

func (t *trouble) Error() string { return t.err.Error() }
func (t *trouble) Unwrap() error { return t.err }

// Start begins a run. At each interval it logs what snapshot returns. Nothing is logged before there are records. The
// error is that of creating a file for the upload of stdin.
func Start(opt Options, interval time.Duration, snapshot func() *stats.Summary) (*Run, error) {
	var stdin *copied
	if slices.Contains(opt.Upload, "-") {
		var err error
		if stdin, err = newCopy(opt.Dir); err != nil {
			return nil, err
		}
	}
	r := newRun(opt, connect(opt))
	r.stdin, r.snapshot = stdin, snapshot
	ctx, stop := context.WithCancel(context.Background())
	r.unfollow = stop
	r.follower.Go(func() { r.follow(ctx, interval) })
	return r, nil
}

// Stdin returns a reader of in that copies what is read if it is to be uploaded.
func (r *Run) Stdin(in io.Reader) io.Reader {
	if r.stdin == nil {
		return in
	}
	return io.TeeReader(in, r.stdin)
}

// connect returns the trackers of the options.
func connect(opt Options) []*tracker {
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
	return trackers
}

func newRun(opt Options, trackers []*tracker) *Run {
	if opt.Late == nil {
		opt.Late = func() map[string]any { return nil }
	}
	r := &Run{opt: opt, trackers: trackers, ending: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// follow logs snapshots until ctx is done. The interval begins when the snapshot before it is logged.
func (r *Run) follow(ctx context.Context, interval time.Duration) {
	for {
		select {
		case <-time.After(interval):
			r.log(r.snapshot(), false)
		case <-ctx.Done():
			return
		}
	}
}

// log logs the load points that have more records than when they were logged last. final reports whether no more
// records will come.
func (r *Run) log(s *stats.Summary, final bool) {
	events := r.layout.events(s, r.settings.isSweep(), final)
	if len(events) > 0 && r.journal == nil && r.lost == nil {
		r.begin(&s.Blocks[0])
	}
	r.add(events...)
}

// begin creates the journal and starts to serve the trackers from it.
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

// lose stops logging, since the journal cannot be written.
func (r *Run) lose(err error) {
	r.lost = err
	r.opt.Report(Message{fmt.Sprintf("nothing more is logged to trackers: %v", err), r.opt.Hints.Dir})
}

// Finish logs the rest of the run: the last values, tables, charts and files. If the run is not whole, it logs only
// that the run failed. It returns when every tracker has logged all of it or has given up, when ctx is done, or after
// limit. It calls slow, unless that is nil, after a few seconds. The journal is kept, and reported, if a tracker has
// not logged all of it.
func (r *Run) Finish(ctx context.Context, limit time.Duration, slow func(), whole bool) {
	ctx, end := context.WithTimeout(ctx, limit)
	defer end()
	if slow != nil {
		defer time.AfterFunc(patience, slow).Stop()
	}
	r.unfollow()
	r.follower.Wait()
	var failed error
	if !whole {
		failed = errors.New("not all records could be read")
	}
	if kept := r.finish(ctx, r.snapshot(), r.uploads(), failed); !kept {
		r.stdin.remove()
	}
}

// patience is the time after which Finish calls slow.
const patience = 3 * time.Second

// uploads returns the files to upload.
func (r *Run) uploads() []string {
	var files []string
	for _, file := range r.opt.Upload {
		if file == "-" {
			var err error
			if file, err = r.stdin.close(); err != nil {
				r.opt.Report(Message{Fact: fmt.Sprintf("the records are not uploaded: %v", err)})
				continue
			}
		}
		files = append(files, file)
	}
	return files
}

// closingConfig returns the configuration that was not known when the run began. What the caller has set is not
// overridden, since some trackers refuse that.
func (r *Run) closingConfig(s *stats.Summary) map[string]any {
	config := map[string]any{}
	maps.Copy(config, r.opt.Late())
	maps.Copy(config, r.settings.config(s)) // has numbers; a command line may have a list in one word
	for key := range r.opt.Config {
		delete(config, key)
	}
	return config
}

func (r *Run) finish(ctx context.Context, s *stats.Summary, files []string, failed error) (kept bool) {
	r.log(s, true)
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
		r.add(closing(s, r.closingConfig(s))...)
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

// lastMs returns when the last request ended, in ms since the epoch.
func lastMs(s *stats.Summary) (ms int64) {
	for i := range s.Blocks {
		ms = max(ms, s.Blocks[i].LastEndUs/1000)
	}
	return ms
}

// await waits until the trackers are done or ctx is.
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

// shut closes the connections to the trackers.
func (r *Run) shut() {
	r.cancel()
	for _, t := range r.trackers {
		t.sink.close()
	}
}

// work serves one tracker until it has logged the run or has given up.
func (r *Run) work(t *tracker) {
	if err := r.replay(t); err != nil {
		r.fail(t, err)
		return
	}
	t.done = true
	if t.failed {
		r.opt.Report(Message{Fact: t.name + ": all of it is logged now"})
	}
}

// replay sends a tracker the events of the journal, as it grows.
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
	// The writer was killed, or could not write.
	e := &event{Op: opFinish, Failed: "the log of the run is cut short"}
	line, err := encode(e)
	if err != nil {
		return err
	}
	return r.deliver(t, e, line)
}

// deliver sends one event. It retries while that may help; once the run is ending, it retries once more.
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

// fail reports, once, why a tracker does not log the run, and how to resend it.
func (r *Run) fail(t *tracker, err error) {
	if t.failed {
		return
	}
	t.failed = true
	again := r.opt.Hints.Resend(t.name, r.journal.path())
	var tr *trouble
	if errors.As(err, &tr) && tr.hint != "" {
		again = tr.hint + "; then " + again
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("not all was logged in time")
	}
	r.opt.Report(Message{fmt.Sprintf("%s: %v; what is not logged is kept", t.name, err), again})
}
