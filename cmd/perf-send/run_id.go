package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"

	"perfpipe/internal/load"
)

// runIDLen is the length of a run id: 60 bits.
const runIDLen = 12

func runIDOf(b []byte) string {
	return strings.ToLower(base32.StdEncoding.EncodeToString(b))[:runIDLen]
}

// newRunID returns an id that no other run has.
func newRunID() string {
	b := make([]byte, 8)
	rand.Read(b) // never fails
	return runIDOf(b)
}

// sharedRunID returns the id of a run whose shards cannot talk to each other, from what they all know and no other run
// has: the job step that started them, or the instant at which they start. It is empty if there is neither.
func (f *flags) sharedRunID(points []load.Point, getenv func(string) string) string {
	if f.StartAt != "" && len(points) > 0 && !points[0].Start.IsZero() {
		key := fmt.Sprint("start-at ", points[0].Start.UnixNano(), " of ", f.part.Of)
		for _, p := range points {
			key += " " + p.Run
		}
		return hashedRunID(key)
	}
	first := func(names ...string) string {
		for _, name := range names {
			if v := getenv(name); v != "" {
				return v
			}
		}
		return ""
	}
	switch {
	case getenv("SLURM_PROCID") != "" || getenv("SLURM_ARRAY_TASK_ID") != "":
		if job := first("SLURM_ARRAY_JOB_ID", "SLURM_JOB_ID", "SLURM_JOBID"); job != "" {
			return hashedRunID(strings.Join([]string{
				"slurm", getenv("SLURM_CLUSTER_NAME"), job, first("SLURM_STEP_ID", "SLURM_STEPID"), getenv("SLURM_RESTART_COUNT"),
			}, " "))
		}
	case getenv("OMPI_COMM_WORLD_RANK") != "":
		if job := first("PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid"); job != "" {
			return hashedRunID("ompi " + job)
		}
	}
	return ""
}

func hashedRunID(key string) string {
	sum := sha256.Sum256([]byte(key))
	return runIDOf(sum[:])
}

// nameRun sets the id that all records of the run carry. The shards of a run share it.
func (r *runner) nameRun(points []load.Point, getenv func(string) string) {
	id := r.f.RunID
	if id == "" && r.f.part.Of > 1 {
		id = r.f.sharedRunID(points, getenv)
	}
	if id == "" {
		id = newRunID()
	}
	r.engine.RunID, r.facts.RunID = id, id
}
