package main

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/client"
	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/load"
	"perfpipe/internal/shard"
)

// shardFlags make this process one of several that share a run.
type shardFlags struct {
	Shard    string `group:"shard" placeholder:"I/N" help:"Send shard I (from 0) of N of the run. Default: from Slurm or Open MPI; 0/1 is everything. See docs/many-machines.md."`
	Shards   int    `group:"shard" placeholder:"N" help:"Number of shards, if JOB_COMPLETION_INDEX (Kubernetes) is the shard."`
	StartAt  string `group:"shard" placeholder:"WHEN" help:"Time at which the first request is due: 2026-01-31T12:00:00Z, seconds since the epoch, or @FILE with one of them."`
	RunID    string `name:"run-id" group:"shard" placeholder:"ID" help:"The run_id of every record (default: a random one, which shards with the same --start-at or job step share)."`
	ClockRef string `name:"clock-ref" group:"shard" placeholder:"URL" help:"Measure the offset of this machine's clock from that server's. Default for a shard: --url."`
}

// shard returns the part of the run that this process has, and the flag or the variables that assigned it.
func (f *shardFlags) shard(getenv func(string) string) (s load.Shard, from string, err error) {
	switch {
	case f.Shards < 0:
		return s, "", fault.Usage("", "--shards: %d is below 0", f.Shards)
	case f.Shard != "":
		if s, err = shard.Parse(f.Shard); err != nil {
			return s, "", fault.Usage("the first of three is 0/3, the last 2/3", "--shard: %w", err)
		}
		if f.Shards > 0 && f.Shards != s.Of {
			return s, "", fault.Usage("leave --shards out", "--shards: %d, where --shard says %d", f.Shards, s.Of)
		}
		return s, "--shard", nil
	}
	s, from, err = shard.FromEnv(getenv, f.Shards)
	if err == nil {
		return s, from, nil
	}
	hint := "--shard I/N says which part this is; --shard 0/1 sends all"
	if bad, ok := errors.AsType[*shard.EnvError](err); ok && bad.Names == shard.KubernetesIndex {
		hint = "--shards is the Job's number of completions; " + hint
	}
	return s, "", fault.Usage(hint, "%w", err)
}

// share makes the points this shard's part of the run.
func (f *flags) share(env *cli.Env, from string, points []load.Point) error {
	s := f.part
	if s.Of <= 1 && from == shard.KubernetesIndex {
		env.Say("JOB_COMPLETION_INDEX is set without --shards: this process sends the whole run")
	}
	if s.Of > 1 {
		if from != "--shard" {
			env.Say("sends shard %v of the run (%s); --shard 0/1 sends all of it", s, from)
		}
		if f.adaptive() {
			return fault.Usage("--shard 0/1 searches from one machine",
				"--search and --profile: shards cannot search, since none sees what the others measure")
		}
	}
	if err := shard.Divide(points, s); err != nil {
		return fault.Usage("fewer shards, or more in flight", "--parallel: %w", err)
	}
	return f.checkStart(len(points))
}

// checkStart refuses a --start-at that cannot be kept.
func (f *flags) checkStart(points int) error {
	switch {
	case f.StartAt == "":
		return nil
	case f.adaptive():
		return fault.Usage("", "--start-at: a search begins when it is ready")
	case points > 1 && f.Duration == 0:
		return fault.Usage("give --duration",
			"--start-at: the points of a sweep start together only where each has a --duration")
	case f.StartAt[0] != '@':
		_, err := f.startTime(context.Background())
		return err
	}
	return nil
}

// startTime reads --start-at. It waits for a file.
func (f *flags) startTime(ctx context.Context) (time.Time, error) {
	at, err := shard.StartTime(ctx, f.StartAt)
	switch {
	case errors.Is(err, shard.ErrInstant):
		return at, fault.Usage("such as 2026-01-31T12:00:00Z, or what date +%s says, or @FILE", "--start-at: %w", err)
	case err != nil && ctx.Err() == nil:
		return at, fault.Fail("", "--start-at: %w", err)
	}
	return at, err
}

// begin schedules the points: the first at --start-at, each other one when the one before must be over.
func (f *flags) begin(ctx context.Context, env *cli.Env, points []load.Point) error {
	if f.StartAt == "" {
		return nil
	}
	at, err := f.startTime(ctx)
	if err != nil {
		return err
	}
	if late := time.Since(at); late > 0 {
		env.Say("--start-at: was %v ago: what was due since goes out at once", late.Round(time.Millisecond))
	} else {
		env.Say("starts at %s, in %v", at.Format(time.RFC3339Nano), (-late).Round(time.Millisecond))
	}
	shard.Schedule(points, at, time.Duration(f.Duration+f.SleepInterval))
	return nil
}

// nameRun sets the id that all records of the run carry. The shards of a run share it.
func (r *runner) nameRun(points []load.Point) {
	id := cmp.Or(r.f.RunID, facts.RunID(shard.RunKey(os.Getenv, r.f.part.Of, points)))
	r.engine.RunID, r.facts.RunID = id, id
}

// nameShards adds the index of the shard to the names of files. Shards that the environment tells apart have one
// command line, so each of them gets files of its own even without {shard} in their names.
func (f *flags) nameShards(env *cli.Env, from string) {
	for _, path := range []*string{&f.Output, &f.Resume, &f.FactsOut, &f.MetricsOut, &f.Truth} {
		*path = strings.ReplaceAll(*path, "{shard}", strconv.Itoa(f.part.Index))
	}
	if f.part.Of <= 1 || from == "--shard" {
		return
	}
	for _, path := range []*string{&f.Output, &f.Resume, &f.FactsOut} {
		if name := shard.FileName(*path, f.part.Index); name != *path {
			env.Say("%s: each shard writes a file of its own, this one %s", *path, name)
			*path = name
		}
	}
}

// clock compares the clock with --clock-ref, or that of a shard with its server.
func (r *runner) clock(ctx context.Context, server *url.URL, network client.Network) error {
	ref := r.f.ClockRef
	if ref == "" {
		if r.f.part.Of <= 1 || r.simulated || network.Unix != "" {
			return nil
		}
		ref = (&url.URL{Scheme: server.Scheme, Host: server.Host, Path: "/"}).String()
	}
	if _, err := url.Parse(ref); err != nil {
		return fault.Usage("it looks like http://127.0.0.1:8000/", "--clock-ref: %w", err)
	}
	c, err := shard.MeasureClock(ctx, r.client.Pages(nil).Transport, ref)
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && r.f.ClockRef == "": // nobody asked
		return nil
	case errors.Is(err, shard.ErrNoDate):
		return fault.Fail("a server that sends Date is needed", "--clock-ref: %w", err)
	case err != nil:
		return fault.Fail("", "--clock-ref: %w", err)
	}
	r.env.Say("clock: %s", c)
	if c.Differs() {
		r.env.Hint("clocks that differ make the shards' times differ as much: let NTP or PTP set them")
	}
	r.facts.Clock = c
	return nil
}
