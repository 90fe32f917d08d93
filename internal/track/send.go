package track

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"perfpipe/internal/fault"
)

// Check returns an error if a name is not that of a tracker, or is repeated.
func Check(names []string) error {
	for i, name := range names {
		if !slices.Contains(Names(), name) {
			return fault.Usage("there are "+strings.Join(Names(), ", "), "there is no tracker %q", name)
		}
		if slices.Contains(names[:i], name) {
			return fault.Usage("", "%s is named twice", name)
		}
	}
	return nil
}

// Send logs kept runs, each within a time limit. It returns an error if a tracker did not log all of one.
func Send(ctx context.Context, opt Options, paths []string, limit time.Duration) error {
	missed := ""
	for _, path := range paths {
		if !IsKept(path) {
			return fault.Usage("records and kept runs cannot be read together", "%s: not a kept run", path)
		}
		complete, err := send(ctx, opt, path, limit)
		if err != nil {
			return err
		}
		if !complete {
			missed = cmp.Or(missed, path)
		}
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if missed != "" {
		return fault.Fail("", "%s: not all of it was logged", missed)
	}
	return nil
}

// send logs a kept run, and reports whether every tracker logged all of it.
func send(ctx context.Context, opt Options, path string, limit time.Duration) (complete bool, err error) {
	j, err := open(path)
	if err != nil {
		return false, err
	}
	defer j.file.Close()
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	r := newRun(opt, connect(opt))
	r.journal = j
	r.serve()
	return !r.await(ctx), nil
}
