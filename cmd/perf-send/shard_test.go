package main

import (
	"strings"
	"testing"
	"time"

	"perfpipe/internal/load"
)

func TestShard(t *testing.T) {
	for _, c := range []struct {
		flags shardFlags
		env   string
		want  load.Shard
		from  string
		says  string // of the error
	}{
		{shardFlags{}, "", load.Shard{Of: 1}, "", ""},
		{shardFlags{Shard: "2/3"}, "SLURM_PROCID=0 SLURM_NTASKS=8", load.Shard{Index: 2, Of: 3}, "--shard", ""},
		{shardFlags{Shard: "0/1"}, "SLURM_PROCID=1 SLURM_NTASKS=8", load.Shard{Of: 1}, "--shard", ""},
		{shardFlags{}, "SLURM_PROCID=1 SLURM_NTASKS=8", load.Shard{Index: 1, Of: 8}, "SLURM_PROCID", ""},
		{shardFlags{}, "SLURM_PROCID=1 SLURM_NTASKS=8 SLURM_STEP_NUM_TASKS=2", load.Shard{Index: 1, Of: 2}, "SLURM_PROCID", ""},
		{shardFlags{}, "SLURM_PROCID=0 SLURM_NTASKS=1", load.Shard{Of: 1}, "", ""},
		{shardFlags{}, "SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_COUNT=4", load.Shard{Index: 3, Of: 4}, "SLURM_ARRAY_TASK_ID", ""},
		{shardFlags{}, "SLURM_ARRAY_TASK_ID=14 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=10 SLURM_ARRAY_TASK_STEP=2", load.Shard{Index: 2, Of: 3}, "SLURM_ARRAY_TASK_ID", ""},
		{shardFlags{}, "SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=2 SLURM_PROCID=2 SLURM_NTASKS=3", load.Shard{Index: 5, Of: 6}, "SLURM_ARRAY_TASK_ID, SLURM_PROCID", ""},
		{shardFlags{}, "OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2", load.Shard{Index: 1, Of: 2}, "OMPI_COMM_WORLD_RANK", ""},
		{shardFlags{Shards: 4}, "JOB_COMPLETION_INDEX=3", load.Shard{Index: 3, Of: 4}, "JOB_COMPLETION_INDEX", ""},
		{shardFlags{}, "JOB_COMPLETION_INDEX=3", load.Shard{Of: 1}, "JOB_COMPLETION_INDEX", ""},
		{shardFlags{}, "SLURM_PROCID=3 SLURM_NTASKS=3", load.Shard{}, "", "SLURM_PROCID: number 3 of 3"},
		{shardFlags{}, "SLURM_PROCID=x SLURM_NTASKS=3", load.Shard{}, "", `SLURM_PROCID: "x" is no number`},
		{shardFlags{Shards: 3}, "JOB_COMPLETION_INDEX=3", load.Shard{}, "", "--shards: 3, where JOB_COMPLETION_INDEX is 3"},
		{shardFlags{Shards: 3}, "", load.Shard{}, "", "no JOB_COMPLETION_INDEX"},
		{shardFlags{Shard: "3/3"}, "", load.Shard{}, "", `"3/3" is not I/N`},
		{shardFlags{Shard: "1"}, "", load.Shard{}, "", `"1" is not I/N`},
		{shardFlags{Shard: "-1/2"}, "", load.Shard{}, "", `"-1/2" is not I/N`},
		{shardFlags{Shard: "1/2", Shards: 3}, "", load.Shard{}, "", "where --shard says 2"},
	} {
		env := map[string]string{}
		for pair := range strings.FieldsSeq(c.env) {
			k, v, _ := strings.Cut(pair, "=")
			env[k] = v
		}
		got, from, err := c.flags.shard(func(k string) string { return env[k] })
		switch {
		case c.says != "":
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%+v, %s: %v", c.flags, c.env, err)
			}
		case err != nil || got != c.want || from != c.from:
			t.Errorf("%+v, %s: %v of %q, %v", c.flags, c.env, got, from, err)
		}
	}
}

func TestParseInstant(t *testing.T) {
	want := time.Unix(1_700_000_000, 250_000_000)
	for _, s := range []string{"1700000000.25", "1700000000.250000000", "2023-11-14T22:13:20.25Z", "2023-11-14T23:13:20.25+01:00"} {
		if got, err := parseInstant(s); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "tomorrow", "-5", "17.x", "1.0000000001", "12:00"} {
		if got, err := parseInstant(s); err == nil {
			t.Errorf("%s: %v", s, got)
		}
	}
}

// The bounds hold the true skew, whatever it is, and looks over the second narrow them to the time of a request.
func TestSkew(t *testing.T) {
	const trip = 10 * time.Millisecond
	for _, ahead := range []time.Duration{0, 137 * time.Millisecond, -2500 * time.Millisecond, time.Hour} {
		var k skew
		for i := range 100 {
			sent := time.Unix(1_700_000_000, 0).Add(time.Duration(i) * 1010 * time.Millisecond)
			other := sent.Add(trip/2 - ahead)
			k.add(sent, sent.Add(trip), other.Truncate(time.Second))
		}
		if k.least > ahead || k.most < ahead || k.most-k.least > 2*trip {
			t.Errorf("ahead by %v: between %v and %v", ahead, k.least, k.most)
		}
	}
}
