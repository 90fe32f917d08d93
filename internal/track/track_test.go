package track

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// heard is an event that a fake tracker received, and its time.
type heard struct {
	after time.Duration
	event *event
}

// fake is a tracker whose answers come from a function.
type fake struct {
	start  time.Time
	answer func(ctx context.Context, e *event) (string, error)

	mu     sync.Mutex
	heard  []heard
	closed bool
}

func (f *fake) send(ctx context.Context, e *event, line []byte) (string, error) {
	f.mu.Lock()
	f.heard = append(f.heard, heard{time.Since(f.start), e})
	f.mu.Unlock()
	if f.answer == nil {
		return "", nil
	}
	return f.answer(ctx, e)
}

func (f *fake) close() { f.closed = true }

func (f *fake) ops() (ops []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.heard {
		ops = append(ops, h.event.Op)
	}
	return ops
}

// messages collects messages.
type messages struct {
	mu   sync.Mutex
	list []Message
}

func (m *messages) report(msg Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = append(m.list, msg)
}

func options(t *testing.T, said *messages) Options {
	return Options{
		Dir: filepath.Join(t.TempDir(), "outputs"), Name: "a run", Report: said.report,
		Getenv: func(string) string { return "" },
		Hints:  Hints{Resend: func(tracker, path string) string { return "perf-stats --visualizer " + tracker + " " + path }},
	}
}

// sample returns the record of a successful streamed request.
func sample(run string, rate float64, seq int64) *record.Record {
	return &record.Record{
		Seq: seq, Run: run, Mode: "open", Rate: rate, Phase: record.PhaseMeasure, API: "openai", Op: "chat",
		Model: "org/tiny",
		URL:   "http://user:pw@host/v1?api_key=k", ScheduledUs: 1_700_000_000_000_000 + 100_000*seq,
		SentUs: 1_700_000_000_000_000 + 100_000*seq,
		TTFTMs: 20 + float64(seq), GapUs: []int64{10_000, 12_000}, LatencyMs: 50 + float64(seq), OK: true, PromptTokens: 7,
		CompletionTokens: 3,
	}
}

// collect returns the summary of n requests at each rate.
func collect(n int64, rates ...float64) *stats.Summary {
	c := stats.New(stats.Options{Percentiles: []float64{50, 99}})
	seq := int64(0)
	for _, rate := range rates {
		for range n {
			c.Add(sample(fmt.Sprintf("rate=%v", rate), rate, seq))
			seq++
		}
	}
	return c.Summary()
}

var whole = []string{opRun, opLog, opTable, opTable, opChart, opChart, opChart, opChart, opChart, opConfig, opFile,
	opFinish}

func TestFollowLogsAtAnInterval(t *testing.T) {
	var said messages
	opt := options(t, &said)
	synctest.Test(t, func(t *testing.T) {
		f := &fake{start: time.Now(), answer: func(_ context.Context, e *event) (string, error) {
			if e.Op == opRun {
				return "http://there", nil
			}
			return "", nil
		}}
		r := newRun(opt, []*tracker{{name: "fake", sink: f}})
		counts := []int64{0, 2, 2, 5} // at 5, 10, 15 and 20 s
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.snapshot = func() *stats.Summary {
				n := counts[0]
				counts = counts[1:]
				return collect(n, 4)
			}
			r.follow(ctx, 5*time.Second)
		}()
		time.Sleep(22 * time.Second)
		stop()
		<-done
		if kept := r.finish(t.Context(), collect(6, 4), []string{"records.jsonl"}, nil); kept {
			t.Error("the run is kept")
		}
		type told struct {
			after time.Duration
			op    string
			step  int64
		}
		var got []told
		for _, h := range f.heard[:4] {
			got = append(got, told{h.after, h.event.Op, h.event.Step})
		}
		want := []told{{10 * time.Second, opRun, 0}, {10 * time.Second, opLog, 2}, {20 * time.Second, opLog, 5},
			{22 * time.Second, opLog, 6}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("told %v, want %v", got, want)
		}
		if ops := f.ops()[3:]; !slices.Equal(ops, whole[1:]) {
			t.Errorf("the end is %v, want %v", ops, whole[1:])
		}
		if !f.closed {
			t.Error("the tracker is left open")
		}
	})
	if want := []Message{{Fact: "fake: http://there"}}; !reflect.DeepEqual(said.list, want) {
		t.Errorf("said %v, want %v", said.list, want)
	}
	if _, err := os.Stat(opt.Dir); err == nil {
		t.Error("the directory that was made is still there, empty")
	}
}

func TestTroubleThatPassesIsTriedAgain(t *testing.T) {
	var said messages
	opt := options(t, &said)
	synctest.Test(t, func(t *testing.T) {
		f := &fake{start: time.Now()}
		f.answer = func(context.Context, *event) (string, error) {
			if len(f.heard) < 4 {
				return "", &trouble{err: errors.New("no answer"), again: true}
			}
			return "", nil
		}
		r := newRun(opt, []*tracker{{name: "fake", sink: f}})
		r.log(collect(3, 4), false)
		time.Sleep(time.Minute)
		if r.finish(t.Context(), collect(3, 4), nil, nil) {
			t.Error("the run is kept")
		}
		var at []time.Duration
		for _, h := range f.heard[:5] {
			at = append(at, h.after)
		}
		if want := []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second, 7 * time.Second}; !slices.Equal(at,
			want) {
			t.Errorf("sent at %v, want %v", at, want)
		}
	})
	want := []Message{
		{"fake: no answer; what is not logged is kept", "perf-stats --visualizer fake " +
			filepath.Join(opt.Dir, "a_run.track.jsonl")},
		{Fact: "fake: all of it is logged now"},
	}
	if !reflect.DeepEqual(said.list, want) {
		t.Errorf("said %v, want %v", said.list, want)
	}
}

func TestTroubleThatStaysEndsWithTheRun(t *testing.T) {
	var said messages
	opt := options(t, &said)
	synctest.Test(t, func(t *testing.T) {
		f := &fake{start: time.Now(), answer: func(context.Context, *event) (string, error) {
			return "", &trouble{err: errors.New("no answer"), again: true}
		}}
		r := newRun(opt, []*tracker{{name: "fake", sink: f}})
		r.log(collect(3, 4), false)
		time.Sleep(4 * time.Second)
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		if !r.finish(ctx, collect(3, 4), nil, nil) {
			t.Error("the run is not kept")
		}
		var at []time.Duration
		for _, h := range f.heard {
			at = append(at, h.after)
		}
		if want := []time.Duration{0, time.Second, 3 * time.Second, 4 * time.Second}; !slices.Equal(at, want) {
			t.Errorf("sent at %v, want %v", at, want)
		}
	})
	if len(said.list) != 1 {
		t.Errorf("said %v", said.list)
	}
}

func TestKeptRunsOfOneName(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []string{"a_b.track.jsonl", "a_b.2.track.jsonl", "a_b.3.track.jsonl"} {
		j, err := create(dir, "a/b")
		if err != nil {
			t.Fatal(err)
		}
		if j.file.Close(); filepath.Base(j.path()) != want {
			t.Errorf("%s, want %s", j.path(), want)
		}
	}
}

func TestATrackerThatHangsHoldsUpNothing(t *testing.T) {
	var said messages
	opt := options(t, &said)
	var file string
	synctest.Test(t, func(t *testing.T) {
		hangs := &fake{start: time.Now(), answer: func(ctx context.Context, e *event) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}}
		works := &fake{start: time.Now()}
		r := newRun(opt, []*tracker{{name: "hangs", sink: hangs}, {name: "works", sink: works}})
		for n := range int64(100) {
			r.log(collect(n+1, 4), false)
		}
		if d := time.Since(hangs.start); d != 0 {
			t.Errorf("logging took %v", d)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		if !r.finish(ctx, collect(100, 4), nil, nil) {
			t.Error("the run is not kept")
		}
		if d := time.Since(hangs.start); d != time.Minute {
			t.Errorf("it ended after %v", d)
		}
		if ops := works.ops(); len(ops) != 1+100+8+1 || ops[len(ops)-1] != opFinish {
			t.Errorf("the other tracker was told %v", ops)
		}
		file = r.journal.path()
	})
	want := []Message{{"hangs: not all was logged in time; what is not logged is kept",
		"perf-stats --visualizer hangs " + file}}
	if !reflect.DeepEqual(said.list, want) {
		t.Errorf("said %v, want %v", said.list, want)
	}
	if !IsKept(file) {
		t.Errorf("%s is not a kept run", file)
	}
}

func TestRefusalIsFinal(t *testing.T) {
	var said messages
	opt := options(t, &said)
	f := &fake{answer: func(context.Context, *event) (string, error) {
		return "", &trouble{err: errors.New("bad key"), hint: "log in"}
	}}
	r := newRun(opt, []*tracker{{name: "fake", sink: f}})
	r.log(collect(1, 4), false)
	r.log(collect(2, 4), false)
	if !r.finish(t.Context(), collect(2, 4), nil, nil) {
		t.Error("the run is not kept")
	}
	if ops := f.ops(); !slices.Equal(ops, []string{opRun}) {
		t.Errorf("told %v", ops)
	}
	path := filepath.Join(opt.Dir, "a_run.track.jsonl")
	want := []Message{{"fake: bad key; what is not logged is kept", "log in; then perf-stats --visualizer fake " + path}}
	if !reflect.DeepEqual(said.list, want) {
		t.Errorf("said %v, want %v", said.list, want)
	}
}

// again logs the run of a journal to a sink.
func again(t *testing.T, opt Options, path string, s sink) bool {
	t.Helper()
	j, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.file.Close()
	r := newRun(opt, []*tracker{{name: "fake", sink: s}})
	r.journal = j
	r.serve()
	return r.await(t.Context())
}

func TestAKeptRunIsSentWhole(t *testing.T) {
	var said messages
	opt := options(t, &said)
	bad := &fake{answer: func(context.Context, *event) (string, error) { return "", errors.New("no") }}
	good := &fake{}
	r := newRun(opt, []*tracker{{name: "bad", sink: bad}, {name: "good", sink: good}})
	r.log(collect(2, 4, 8), false)
	r.finish(t.Context(), collect(3, 4, 8), []string{"x"}, nil)

	sent := &fake{}
	path := filepath.Join(opt.Dir, "a_run.track.jsonl")
	if again(t, opt, path, sent) {
		t.Error("not all of it was logged")
	}
	for i, h := range sent.heard {
		if !reflect.DeepEqual(h.event, good.heard[i].event) {
			t.Errorf("event %d is %+v, and was %+v", i, h.event, good.heard[i].event)
		}
	}
	if len(sent.heard) != len(good.heard) {
		t.Errorf("%d events, and there were %d", len(sent.heard), len(good.heard))
	}
}

func TestARunWhoseWriterWasKilledIsFinished(t *testing.T) {
	var said messages
	opt := options(t, &said)
	j, err := create(opt.Dir, "killed")
	if err != nil {
		t.Fatal(err)
	}
	b := &collect(2, 4).Blocks[0]
	if err := j.add(opening("killed", nil, b), running(b)); err != nil {
		t.Fatal(err)
	}
	if _, err := j.file.WriteAt([]byte(`{"op":"log","val`), j.size); err != nil {
		t.Fatal(err)
	}
	j.file.Close()
	f := &fake{}
	if again(t, opt, j.path(), f) {
		t.Error("not all of it was logged")
	}
	if ops := f.ops(); !slices.Equal(ops, []string{opRun, opLog, opFinish}) || f.heard[2].event.Failed == "" {
		t.Errorf("told %v", ops)
	}
}

func TestNoPlaceToKeepIsSaidOnce(t *testing.T) {
	var said messages
	opt := options(t, &said)
	if err := os.WriteFile(opt.Dir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	f := &fake{}
	r := newRun(opt, []*tracker{{name: "fake", sink: f}})
	r.log(collect(1, 4), false)
	r.log(collect(2, 4), false)
	r.finish(t.Context(), collect(3, 4), nil, nil)
	if len(said.list) != 1 || !strings.HasPrefix(said.list[0].Fact, "nothing more is logged to trackers: ") || !f.closed {
		t.Errorf("said %v", said.list)
	}
}

func TestNoRecords(t *testing.T) {
	var said messages
	opt := options(t, &said)
	f := &fake{}
	r := newRun(opt, []*tracker{{name: "fake", sink: f}})
	if r.finish(t.Context(), collect(0), nil, nil) || len(f.heard) != 0 || !f.closed {
		t.Errorf("told %v", f.ops())
	}
	if want := []Message{{Fact: "there are no records, so nothing is logged"}}; !reflect.DeepEqual(said.list, want) {
		t.Errorf("said %v", said.list)
	}
}

func TestAFailedRunSaysSo(t *testing.T) {
	var said messages
	f := &fake{}
	r := newRun(options(t, &said), []*tracker{{name: "fake", sink: f}})
	r.finish(t.Context(), collect(1, 4), []string{"x"}, errors.New("bad line"))
	if ops := f.ops(); !slices.Equal(ops, []string{opRun, opLog, opFinish}) || f.heard[2].event.Failed != "bad line" {
		t.Errorf("told %v", ops)
	}
}

func TestSetKeys(t *testing.T) {
	var opt Options
	opt.SetKeys(map[string]string{"WANDB_API_KEY": "k", "SWANLAB_HOST": "", "A": "b"})
	if want := []string{"A=b", "WANDB_API_KEY=k"}; !slices.Equal(opt.Keys, want) {
		t.Errorf("%q, want %q", opt.Keys, want)
	}
}
