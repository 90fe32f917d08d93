package main

import (
	"strings"
	"testing"
	"time"

	"perfpipe/internal/load"
)

// Shards of one run find the same id, and those of another run another one.
func TestSharedRunID(t *testing.T) {
	id := func(shard load.Shard, startAt int64, env string) string {
		f := &flags{part: shard}
		points := []load.Point{{Run: "rate=1"}, {Run: "rate=2"}}
		if startAt > 0 {
			f.StartAt = "set"
			points[0].Start = time.Unix(startAt, 0)
		}
		vars := map[string]string{}
		for v := range strings.FieldsSeq(env) {
			name, value, _ := strings.Cut(v, "=")
			vars[name] = value
		}
		return f.sharedRunID(points, func(name string) string { return vars[name] })
	}
	first, second := load.Shard{Index: 0, Of: 2}, load.Shard{Index: 1, Of: 2}
	const slurm, mpi = "SLURM_JOB_ID=7 SLURM_STEP_ID=", "PMIX_NAMESPACE="
	for _, c := range []struct {
		name   string
		a, b   string
		shared bool
	}{
		{"start-at", id(first, 100, ""), id(second, 100, ""), true},
		{"other starts", id(first, 100, ""), id(second, 101, ""), false},
		{"a step", id(first, 0, slurm+"1 SLURM_PROCID=0"), id(second, 0, slurm+"1 SLURM_PROCID=1"), true},
		{"other steps", id(first, 0, slurm+"1 SLURM_PROCID=0"), id(second, 0, slurm+"2 SLURM_PROCID=1"), false},
		{"an array", id(first, 0, "SLURM_ARRAY_JOB_ID=7 SLURM_JOB_ID=7 SLURM_ARRAY_TASK_ID=0"), id(second, 0, "SLURM_ARRAY_JOB_ID=7 SLURM_JOB_ID=8 SLURM_ARRAY_TASK_ID=1"), true},
		{"a requeued array", id(first, 0, "SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=0"), id(second, 0, "SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=1 SLURM_RESTART_COUNT=1"), false},
		{"mpirun", id(first, 0, mpi+"a OMPI_COMM_WORLD_RANK=0"), id(second, 0, mpi+"a OMPI_COMM_WORLD_RANK=1"), true},
		{"other mpiruns", id(first, 0, mpi+"a OMPI_COMM_WORLD_RANK=0"), id(second, 0, mpi+"b OMPI_COMM_WORLD_RANK=1"), false},
	} {
		if c.a == "" || c.b == "" || (c.a == c.b) != c.shared {
			t.Errorf("%s: %q and %q; shared should be %v", c.name, c.a, c.b, c.shared)
		}
	}
	if got := id(first, 0, "JOB_COMPLETION_INDEX=1"); got != "" {
		t.Errorf("an id from nothing that shards share: %q", got)
	}
	if a, b := newRunID(), newRunID(); a == b || len(a) != runIDLen {
		t.Errorf("ids of two runs: %q and %q", a, b)
	}
}
