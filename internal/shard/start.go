package shard

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"perfpipe/internal/load"
)

// filePause is the time between two looks for a start file.
const filePause = 50 * time.Millisecond

// StartTime reads an instant: RFC 3339, seconds since the epoch, or @FILE with one of them. It waits until the file
// exists. Other text is an ErrInstant.
func StartTime(ctx context.Context, when string) (time.Time, error) {
	path, isFile := strings.CutPrefix(when, "@")
	for isFile {
		b, err := os.ReadFile(path)
		if when = strings.TrimSpace(string(b)); err == nil && when != "" { // an empty file is being written
			break
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return time.Time{}, err
		}
		select {
		case <-time.After(filePause):
		case <-ctx.Done():
			return time.Time{}, context.Cause(ctx)
		}
	}
	return parseInstant(when)
}

// ErrInstant reports a text that is not an instant.
var ErrInstant = errors.New("is not a time")

// parseInstant reads RFC 3339 or seconds since the epoch.
func parseInstant(s string) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return at, nil
	}
	whole, frac, _ := strings.Cut(s, ".")
	sec, err1 := strconv.ParseInt(whole, 10, 64)
	ns, err2 := strconv.ParseInt((frac + "000000000")[:9], 10, 64)
	if err1 != nil || err2 != nil || sec < 0 || len(frac) > 9 {
		return time.Time{}, fmt.Errorf("%q %w", s, ErrInstant)
	}
	return time.Unix(sec, ns), nil
}

// Schedule sets the start of each load point: the first at an instant, each other one interval after the one before.
func Schedule(points []load.Point, first time.Time, interval time.Duration) {
	for i := range points {
		points[i].Start = first.Add(time.Duration(i) * interval)
	}
}

// RunKey returns a text that is the same for the shards of a run, which cannot talk to each other, and different for
// other runs: made of the start and the names of the load points if the points have a start, else of the job step that
// started the shards. It is empty if there is neither, or a single shard.
func RunKey(getenv func(string) string, shards int, points []load.Point) string {
	if shards <= 1 {
		return ""
	}
	if len(points) > 0 && !points[0].Start.IsZero() {
		key := fmt.Sprintf("start-at %d of %d", points[0].Start.UnixNano(), shards)
		for _, p := range points {
			key += " " + p.Run
		}
		return key
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
	case first("SLURM_PROCID", "SLURM_ARRAY_TASK_ID") != "":
		if job := first("SLURM_ARRAY_JOB_ID", "SLURM_JOB_ID", "SLURM_JOBID"); job != "" {
			step, restart := first("SLURM_STEP_ID", "SLURM_STEPID"), getenv("SLURM_RESTART_COUNT")
			return strings.Join([]string{"slurm", getenv("SLURM_CLUSTER_NAME"), job, step, restart}, " ")
		}
	case getenv("OMPI_COMM_WORLD_RANK") != "":
		if job := first("PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid"); job != "" {
			return "ompi " + job
		}
	}
	return ""
}
