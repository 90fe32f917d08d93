// Package shard divides a run among processes on one or more machines, which need not know each other.
//
// It determines the part that each of them sends, the instant at which all start, the key that they share, and the
// offset between their clocks.
package shard

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"perfpipe/internal/fault"
	"perfpipe/internal/load"
)

// Find returns the part of a run that this process has: that of text if it is not empty, as I/N, and otherwise that of
// the environment, as fromEnv returns it for pods, with the variables that name it. Errors are *fault.Error.
func Find(text string, pods int, getenv func(string) string) (s load.Shard, from string, err error) {
	switch {
	case pods < 0:
		return s, "", fault.Invalid("shards", "", "%d is below 0", pods)
	case text == "":
		s, from, err = fromEnv(getenv, pods)
		bad, ok := errors.AsType[*envError](err)
		switch {
		case ok && bad.names == KubernetesIndex:
			return s, "", fault.Invalid("", "shards", "%w", err)
		case err != nil:
			return s, "", fault.Invalid("", "shard", "%w", err)
		}
		return s, from, nil
	}
	if s, err = parse(text); err != nil {
		return s, "", fault.Invalid("shard", "shard-form", "%w", err)
	}
	if pods > 0 && pods != s.Of {
		return s, "", fault.Invalid("shards", "shards-twice", "%d, and the shard is one of %d", pods, s.Of)
	}
	return s, "", nil
}

// parse reads I/N: shard I, counted from 0, of N.
func parse(text string) (load.Shard, error) {
	i, n, ok := strings.Cut(text, "/")
	index, err1 := strconv.Atoi(i)
	of, err2 := strconv.Atoi(n)
	if !ok || err1 != nil || err2 != nil || index < 0 || index >= of {
		return load.Shard{}, fmt.Errorf("%q is not I/N with I below N", text)
	}
	return load.Shard{Index: index, Of: of}, nil
}

// KubernetesIndex is the variable in which Kubernetes passes each pod of a Job its index, but not the number of pods.
const KubernetesIndex = "JOB_COMPLETION_INDEX"

// envError reports environment variables that describe no shard.
type envError struct {
	names string // of the variables
	err   error
}

func (e *envError) Error() string { return e.names + ": " + e.err.Error() }

// fromEnv returns the shard that Kubernetes, Slurm or Open MPI assigned to this process, and the variables that name
// it. Levels nest: the tasks of each job of a Slurm array share the part of that job. pods is the number of pods of a
// Kubernetes Job; if it is 0, KubernetesIndex is returned but not used. Errors are of type *envError.
func fromEnv(getenv func(string) string, pods int) (load.Shard, string, error) {
	e := environment{getenv: getenv, shard: load.Shard{Of: 1}}
	if i, ok := e.number(KubernetesIndex); ok && pods > 0 {
		e.nest(i, pods, KubernetesIndex)
		return e.shard, e.names, e.err
	} else if ok && pods == 0 {
		e.names = KubernetesIndex
	} else if pods > 1 {
		return e.shard, "", &envError{KubernetesIndex, fmt.Errorf("is not set, and there are %d shards", pods)}
	}
	if id, ok := e.number("SLURM_ARRAY_TASK_ID"); ok {
		count, _ := e.number("SLURM_ARRAY_TASK_COUNT")
		least, _ := e.number("SLURM_ARRAY_TASK_MIN")
		step, _ := e.number("SLURM_ARRAY_TASK_STEP")
		e.nest((id-least)/max(step, 1), count, "SLURM_ARRAY_TASK_ID")
	}
	if i, ok := e.number("SLURM_PROCID"); ok {
		n, _ := e.number("SLURM_NTASKS")
		if step, ok := e.number("SLURM_STEP_NUM_TASKS"); ok {
			n = step // srun -n within a larger job
		}
		e.nest(i, n, "SLURM_PROCID")
	} else if i, ok := e.number("OMPI_COMM_WORLD_RANK"); ok {
		n, _ := e.number("OMPI_COMM_WORLD_SIZE")
		e.nest(i, n, "OMPI_COMM_WORLD_RANK")
	}
	return e.shard, e.names, e.err
}

// environment collects the levels that environment variables describe.
type environment struct {
	getenv func(string) string
	shard  load.Shard
	names  string
	err    error // the first one
}

// number reads a variable. It reports whether there is one.
func (e *environment) number(name string) (int, bool) {
	text := e.getenv(name)
	n, err := strconv.Atoi(text)
	if err != nil && text != "" {
		e.fail(name, fmt.Errorf("%q is not a number", text))
	}
	return n, err == nil
}

// nest adds a level within those before.
func (e *environment) nest(index, of int, name string) {
	switch {
	case index < 0 || index >= of:
		e.fail(name, fmt.Errorf("shard %d of %d, counted from 0, does not exist", index, of))
	case of > 1:
		e.shard = load.Shard{Index: e.shard.Index*of + index, Of: e.shard.Of * of}
		e.names = strings.TrimPrefix(e.names+", "+name, ", ")
	}
}

func (e *environment) fail(name string, err error) {
	if e.err == nil {
		e.err = &envError{name, err}
	}
}

// Divide reduces the slots of each load point to the share of one shard, except the slots of an open loop, which are
// connections.
func Divide(points []load.Point, s load.Shard) error {
	for i := range points {
		p := &points[i]
		if p.Mode == load.Open || s.Of <= 1 {
			continue
		}
		if p.Limit < s.Of {
			return fmt.Errorf("%d in flight are too few for %d shards", p.Limit, s.Of)
		}
		p.Limit = s.Part(p.Limit)
	}
	return nil
}

// lastNumber matches a name whose last number no letters follow, as in run.3.jsonl and s03.jsonl.gz.
var lastNumber = regexp.MustCompile(`(?:^|[^0-9])0*([0-9]+)(?:\.[^0-9]*|)$`)

// FileName returns path with the index of a shard before its extensions: run.jsonl.gz becomes run.3.jsonl.gz. It
// returns path itself if the index is in its name already, or if it is a URL or not a regular file. Shards that have
// one name in common get different ones, since that name ends with the index of one of them at most.
func FileName(path string, index int) string {
	n := strconv.Itoa(index)
	if strings.Contains(path, "://") {
		return path
	}
	dir, base := filepath.Split(path)
	if m := lastNumber.FindStringSubmatch(base); base == "" || base == "-" || m != nil && m[1] == n {
		return path
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return path
	}
	stem, extensions := base, ""
	for _, ext := range []string{".gz", ".zst"} {
		if s, ok := strings.CutSuffix(stem, ext); ok {
			stem, extensions = s, ext
		}
	}
	if ext := filepath.Ext(stem); ext != stem {
		stem, extensions = strings.TrimSuffix(stem, ext), ext+extensions
	}
	return dir + stem + "." + n + extensions
}
