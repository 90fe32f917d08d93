package dataset

import (
	"errors"

	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
)

// BadLines handles the errors of a Source. With Skip, lines that cannot be read are dropped and counted. Otherwise the
// caller writes nothing after the first one and continues reading, so that all of them are reported at once.
type BadLines struct {
	Skip bool
	Say  func(format string, args ...any)

	Good bool             // some line is good
	N    int              // number of bad lines
	Last *jsonl.LineError // the last bad line, which has not been reported yet; nil: none, or Skip
	seen map[string]bool
}

// maxBadLines is the number of bad lines to report: more of them mean another format.
const maxBadLines = 100

// Take handles an item of the stream. It returns errors that are not about a line, and whether to go on.
func (b *BadLines) Take(err error) (more bool, fatal error) {
	var bad *jsonl.LineError
	if s, ok := errors.AsType[*setupError](err); ok {
		return false, s
	}
	switch {
	case err == nil:
		b.Good = true
		return true, nil
	case !errors.As(err, &bad), !b.Skip && !b.Good && b.N == 0 && aboutSetting(bad):
		return false, err
	case b.seen[bad.Error()]: // the data is read again
		return b.Skip, nil
	}
	if b.seen == nil {
		b.seen = map[string]bool{}
	}
	b.N++
	if b.Skip {
		if b.N == 1 {
			b.Say("left out: %v", bad)
		}
		return true, nil
	}
	if b.Last != nil {
		b.Say("%v", b.Last)
	}
	b.seen[bad.Error()], b.Last = true, bad
	return b.N < maxBadLines, nil
}

// aboutSetting reports whether a setting is at fault. If it is for the first line, then for all lines like that.
func aboutSetting(err error) bool {
	e, ok := errors.AsType[*fault.Error](err)
	return ok && e.Setting != ""
}

// End returns the error of a stream that has come to its end: a bad line that has not been reported yet, or that no
// line is good. It logs the number of skipped lines.
func (b *BadLines) End() error {
	switch {
	case b.Last != nil:
		err := fault.WithFileHint(b.Last, b.Last.File)
		if e, ok := errors.AsType[*fault.Error](err); b.Good && (!ok || e.Hint == "" && e.Reason == "") {
			return fault.Of("", "bad-line", "%w", err)
		}
		return err
	case b.N > 0 && !b.Good:
		return fault.Fail("", "all of %d lines are bad: nothing is left", b.N)
	case b.N > 0:
		b.Say("%d bad lines left out", b.N)
	}
	return nil
}
