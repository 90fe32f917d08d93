package main

import (
	"context"
	"strconv"
	"strings"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
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

// tellShard reports which part of the run this process sends if the environment determines it.
func (f *flags) tellShard(env *cli.Env, from string) {
	switch {
	case f.part.Of <= 1 && from == shard.KubernetesIndex:
		env.Say("JOB_COMPLETION_INDEX is set without --shards: this process sends the whole run")
	case f.part.Of > 1 && from != "":
		env.Say("sends shard %v of the run (%s); --shard 0/1 sends all of it", f.part, from)
	}
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
		if _, err := shard.StartTime(context.Background(), f.StartAt); err != nil {
			return fault.Invalid("start-at", "instant", "%w", err)
		}
	}
	return nil
}

// nameShards adds the index of the shard to the names of files. Shards that the environment identifies have one
// command line, so each of them gets files of its own even without {shard} in their names.
func (f *flags) nameShards(env *cli.Env, from string) {
	for _, path := range []*string{&f.Output, &f.Resume, &f.FactsOut, &f.MetricsOut, &f.Truth, &f.OTLP} {
		*path = strings.ReplaceAll(*path, "{shard}", strconv.Itoa(f.part.Index))
	}
	if f.part.Of <= 1 || from == "" {
		return
	}
	for _, path := range []*string{&f.Output, &f.Resume, &f.FactsOut, &f.Truth, &f.OTLP} {
		if name := shard.FileName(*path, f.part.Index); name != *path {
			env.Say("%s: each shard writes a file of its own, this one %s", *path, name)
			*path = name
		}
	}
}
