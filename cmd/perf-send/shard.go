package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"perfpipe/internal/cli"

	"perfpipe/internal/fault"
	"perfpipe/internal/load"
)

// shardFlags let several perf-sends, on many machines, be one run.
type shardFlags struct {
	Shard    string `group:"shard" placeholder:"I/N" help:"Send shard I (from 0) of N of the run. Default: from Slurm or Open MPI; 0/1 is everything. See docs/many-machines.md."`
	Shards   int    `group:"shard" placeholder:"N" help:"Number of shards, if JOB_COMPLETION_INDEX (Kubernetes) is the shard."`
	StartAt  string `group:"shard" placeholder:"WHEN" help:"Time at which the first request is due: 2026-01-31T12:00:00Z, seconds since the epoch, or @FILE with one of them."`
	RunID    string `name:"run-id" group:"shard" placeholder:"ID" help:"The run_id of every record (default: a random one, which shards with the same --start-at or job step share)."`
	ClockRef string `name:"clock-ref" group:"shard" placeholder:"URL" help:"Measure the offset of this machine's clock from that server's. Default for a shard: --url."`
}

const allOfIt = "--shard I/N says which part this is; --shard 0/1 sends all"

// shard is this process's part of the run, and where that was said.
func (f *shardFlags) shard(getenv func(string) string) (s load.Shard, from string, err error) {
	if f.Shards < 0 {
		return s, "", fault.Usage("", "--shards: %d is below 0", f.Shards)
	}
	if f.Shard != "" {
		i, n, ok := strings.Cut(f.Shard, "/")
		s.Index, err = strconv.Atoi(i)
		of, err2 := strconv.Atoi(n)
		s.Of = of
		switch {
		case !ok || err != nil || err2 != nil || s.Of < 1 || s.Index < 0 || s.Index >= s.Of:
			return s, "", fault.Usage("the first of three is 0/3, the last 2/3", "--shard: %q is not I/N with I below N", f.Shard)
		case f.Shards > 0 && f.Shards != s.Of:
			return s, "", fault.Usage("leave --shards out", "--shards: %d, where --shard says %d", f.Shards, s.Of)
		}
		return s, "--shard", nil
	}
	return f.ofEnvironment(getenv)
}

// ofEnvironment is the part that Kubernetes, Slurm or Open MPI gives to this process.
func (f *shardFlags) ofEnvironment(getenv func(string) string) (s load.Shard, from string, err error) {
	number := func(name string) (int, bool) {
		text := getenv(name)
		n, bad := strconv.Atoi(text)
		if bad != nil && text != "" && err == nil {
			err = fault.Usage(allOfIt, "%s: %q is no number", name, text)
		}
		return n, bad == nil
	}
	s.Of = 1
	join := func(index, of int, names string) { // a level inside of the ones before
		switch {
		case (index < 0 || index >= of) && err == nil:
			err = fault.Usage(allOfIt, "%s: number %d of %d, counted from 0, is none", names, index, of)
		case of > 1:
			s = load.Shard{Index: s.Index*of + index, Of: s.Of * of}
			from = strings.TrimPrefix(from+", "+names, ", ")
		}
	}
	if i, ok := number("JOB_COMPLETION_INDEX"); ok && f.Shards > 0 {
		if i >= f.Shards {
			return s, "", fault.Usage("--shards is the Job's number of completions", "--shards: %d, where JOB_COMPLETION_INDEX is %d", f.Shards, i)
		}
		join(i, f.Shards, "JOB_COMPLETION_INDEX")
		return s, from, err
	} else if ok && f.Shards == 0 {
		from = "JOB_COMPLETION_INDEX"
	}
	if f.Shards > 1 {
		return s, "", fault.Usage("--shard I/N says both", "--shards: no JOB_COMPLETION_INDEX says which of them this is")
	}
	if id, ok := number("SLURM_ARRAY_TASK_ID"); ok {
		count, _ := number("SLURM_ARRAY_TASK_COUNT")
		least, _ := number("SLURM_ARRAY_TASK_MIN")
		step, _ := number("SLURM_ARRAY_TASK_STEP")
		join((id-least)/max(step, 1), count, "SLURM_ARRAY_TASK_ID")
	}
	if i, ok := number("SLURM_PROCID"); ok {
		n, _ := number("SLURM_NTASKS")
		if step, ok := number("SLURM_STEP_NUM_TASKS"); ok {
			n = step // srun -n within a larger job
		}
		join(i, n, "SLURM_PROCID")
	} else if i, ok := number("OMPI_COMM_WORLD_RANK"); ok {
		n, _ := number("OMPI_COMM_WORLD_SIZE")
		join(i, n, "OMPI_COMM_WORLD_RANK")
	}
	return s, from, err
}

// share makes this shard's part of the points.
func (f *flags) share(env *cli.Env, from string, points []load.Point) error {
	s := f.part
	if s.Of <= 1 && from == "JOB_COMPLETION_INDEX" {
		env.Say("--shards does not say of how many JOB_COMPLETION_INDEX is one: this sends the whole run")
	}
	if s.Of > 1 {
		if from != "--shard" {
			env.Say("sends shard %v of the run (%s); --shard 0/1 sends all of it", s, from)
		}
		if f.adaptive() {
			return fault.Usage("--shard 0/1 searches from one machine", "--search and --profile: shards cannot search, since none sees what the others measure")
		}
	}
	for i := range points {
		p := &points[i]
		if p.Mode == load.Open || s.Of <= 1 {
			continue
		}
		if p.Limit < s.Of {
			return fault.Usage("fewer shards, or more in flight", "--parallel: %d in flight are too few for %d shards", p.Limit, s.Of)
		}
		p.Limit = s.Part(p.Limit)
	}
	if f.StartAt != "" && f.StartAt[0] != '@' {
		if _, err := startAt(context.Background(), f.StartAt); err != nil {
			return err
		}
	}
	if f.StartAt != "" && f.adaptive() {
		return fault.Usage("", "--start-at: a search begins when it is ready")
	}
	if f.StartAt != "" && len(points) > 1 && f.Duration == 0 {
		return fault.Usage("give --duration", "--start-at: the points of a sweep start together only where each has a --duration")
	}
	return nil
}

// begin puts the points where --start-at says: the first at that time, each other one when the one before must be over.
func (f *flags) begin(ctx context.Context, env *cli.Env, points []load.Point) error {
	if f.StartAt == "" {
		return nil
	}
	at, err := startAt(ctx, f.StartAt)
	if err != nil {
		return err
	}
	if late := time.Since(at); late > 0 {
		env.Say("--start-at: was %v ago: what was due since goes out at once", late.Round(time.Millisecond))
	} else {
		env.Say("starts at %s, in %v", at.Format(time.RFC3339Nano), (-late).Round(time.Millisecond))
	}
	for i := range points {
		points[i].Start = at.Add(time.Duration(i) * time.Duration(f.Duration+f.SleepInterval))
	}
	return nil
}

// startFilePause is how often a start file is looked for.
const startFilePause = 50 * time.Millisecond

// startAt reads a time, or waits for the file that holds it.
func startAt(ctx context.Context, when string) (time.Time, error) {
	path, isFile := strings.CutPrefix(when, "@")
	for isFile {
		b, err := os.ReadFile(path)
		if when = strings.TrimSpace(string(b)); err == nil && when != "" { // an empty one is being written
			break
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return time.Time{}, fault.Fail("", "--start-at: %w", err)
		}
		select {
		case <-time.After(startFilePause):
		case <-ctx.Done():
			return time.Time{}, context.Cause(ctx)
		}
	}
	at, err := parseInstant(when)
	if err != nil {
		return at, fault.Usage("such as 2026-01-31T12:00:00Z, or what date +%s says, or @FILE", "--start-at: %w", err)
	}
	return at, nil
}

// parseInstant reads RFC 3339 or seconds since the epoch.
func parseInstant(s string) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return at, nil
	}
	whole, frac, _ := strings.Cut(s, ".")
	sec, err1 := strconv.ParseInt(whole, 10, 64)
	ns, err2 := strconv.ParseInt((frac + "000000000")[:9], 10, 64)
	if err1 != nil || err2 != nil || sec < 0 || len(frac) > 9 {
		return time.Time{}, fmt.Errorf("%q is no time", s)
	}
	return time.Unix(sec, ns), nil
}
