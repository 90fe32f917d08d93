package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/load"
	"perfpipe/internal/partial"
)

// output is a file of lines, or stdout. What is not compressed is passed on at once, what is compressed each second: a
// process that is killed loses no more than that.
type output struct {
	out   *partial.File
	plain bool

	mu     sync.Mutex
	packed io.WriteCloser
	timer  *time.Timer // set while something waits to be passed on
	err    error       // of passing it on
	packs  bool        // the compressed stream has not ended
	resume bool
}

const flushEvery = time.Second

// openOutput opens the file now, so that what stands in its way is known before the first request. Resumed, it goes on
// behind what FILE.partial holds.
func openOutput(env *cli.Env, path string, resume bool) (*output, error) {
	out := env.Create(path)
	if resume {
		out = env.Continue(path)
	}
	if err := out.Open(); err != nil {
		return nil, err
	}
	packed, err := jsonl.Compress(out, path)
	if err != nil {
		out.Abort()
		return nil, err
	}
	return &output{out: out, packed: packed, plain: !compressed(path), packs: true, resume: resume}, nil
}

func compressed(path string) bool {
	return strings.HasSuffix(path, ".gz") || strings.HasSuffix(path, ".zst")
}

// Write returns how many of the bytes were passed on, if not all were.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.packed.Write(p)
	switch {
	case err != nil:
	case o.plain:
		if err = o.out.Flush(); err != nil {
			n -= o.out.Buffered()
		}
	case o.timer == nil:
		o.timer = time.AfterFunc(flushEvery, o.flush)
	}
	return max(0, n), err
}

func (o *output) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.timer == nil { // closed meanwhile
		return
	}
	o.timer = nil
	if f, ok := o.packed.(interface{ Flush() error }); ok {
		o.err = f.Flush()
	}
	if o.err == nil {
		o.err = o.out.Flush()
	}
}

// Close ends the file, also of a run that has failed: the records that there are must not be lost.
func (o *output) Close() error {
	if err := o.pack(); err != nil {
		return err
	}
	if err := o.out.Flush(); err != nil {
		return err
	}
	return o.out.Commit()
}

// pack ends the compressed stream.
func (o *output) pack() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.timer != nil {
		o.timer.Stop()
		o.timer = nil
	}
	if o.err == nil && o.packs {
		o.packs = false
		o.err = o.packed.Close()
	}
	return o.err
}

// rescue leaves what could be written in FILE.partial, whose name it returns; empty if there is nothing.
func (o *output) rescue() string {
	o.pack() // it has failed before, or will again: what is in the file counts
	name, err := o.out.Rescue(o.plain)
	if err != nil {
		return ""
	}
	return name
}

// abandon removes the file of a run that failed before it had anything to write; one that was to go on is as it was. It
// does nothing after Close.
func (o *output) abandon() {
	if o.resume && o.packs {
		o.Close() // the run has failed already
		return
	}
	o.pack()
	o.out.Abort()
}

// openRecords opens the file of the records, with --resume behind those that it holds, and checks that the other files
// can be written.
func (f *flags) openRecords(env *cli.Env) (*output, load.Sent, error) {
	for _, other := range []struct{ flag, path string }{{"--facts-out", f.FactsOut}, {"--metrics-out", f.MetricsOut}} {
		file := env.Continue(other.path)
		if err := file.Open(); err != nil {
			return nil, load.Sent{}, fmt.Errorf("%s: %w", other.flag, err)
		}
		file.Rescue(false)
	}
	there := false
	if f.Resume != "" {
		var err error
		if there, err = continued(f.Resume); err != nil {
			return nil, load.Sent{}, err
		}
	}
	out, err := openOutput(env, f.Output, f.Resume != "")
	if err != nil || !there {
		return out, load.Sent{}, err
	}
	s, err := readSent(env, f.Resume)
	if err != nil {
		out.abandon()
		return nil, load.Sent{}, err
	}
	if s.rewritten { // the file under the name is another one now
		out.rescue()
		if out, err = openOutput(env, f.Output, true); err != nil {
			return nil, load.Sent{}, err
		}
	}
	earlier, err := s.engine(f.part)
	if err != nil {
		out.abandon()
	}
	return out, earlier, err
}

// endOutput ends the output of a run that err has ended, if it is not nil.
func (r *runner) endOutput(err error) error {
	failed := r.sink.Close()
	if failed == nil && err != nil && r.sink.records == 0 && r.f.Resume == "" {
		r.out.abandon()
		return err
	}
	if failed == nil {
		failed = r.out.Close()
	}
	if failed == nil {
		return err
	}
	if cli.IsBrokenPipe(failed) {
		if r.sink.lost > 0 {
			r.env.Say("the reader of stdout has gone: %d records are lost", r.sink.lost)
			r.env.Hint("-o FILE writes the records to a file; tee -i FILE outlives Ctrl-C")
		}
		return cmp.Or(err, failed)
	}
	name := r.out.rescue()
	if errors.Is(err, fault.ErrInterrupted) || name == "" {
		return cmp.Or(err, failed)
	}
	return fault.Fail("make room; then --resume "+r.f.Output+" sends what is missing",
		"%w: %d records are lost; the others are in %s", failed, r.sink.lost, name)
}
