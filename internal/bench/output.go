package bench

import (
	"cmp"
	"errors"
	"fmt"

	"perfpipe/internal/fault"
	"perfpipe/internal/load"
	"perfpipe/internal/recordfile"
)

// openRecords opens the file of the records, and checks that the other files can be written.
func (r *runner) openRecords() (*recordfile.File, load.Sent, error) {
	o := &r.Output
	for _, other := range []struct{ setting, path string }{{"facts-out", o.Facts}, {"metrics-out", r.Metrics.File}} {
		file := o.Continue(other.path)
		if err := file.Open(); err != nil {
			return nil, load.Sent{}, fault.Of(other.setting, "", "%w", err)
		}
		file.Rescue(false)
	}
	if !o.Resume {
		out, err := recordfile.Open(o.Create(o.Records), o.Records)
		return out, load.Sent{}, err
	}
	out, sent, err := recordfile.Resume(o.Records, o.Continue)
	switch {
	case errors.Is(err, recordfile.ErrNotRegular):
		return nil, load.Sent{}, fault.Invalid("resume", "", "%w", err)
	case err != nil:
		return nil, load.Sent{}, fault.Of("resume", "", "%w", err)
	case sent == nil:
		return out, load.Sent{}, nil
	}
	again := ""
	if sent.Dropped > 0 {
		again = fmt.Sprintf("; %d more were cut short and are sent again", sent.Dropped)
	}
	r.Tell("resume", "", "%s holds %d records%s", o.Records, sent.Records, again)
	earlier, err := sent.Load(r.Shard)
	if err != nil {
		out.Abort()
		return nil, load.Sent{}, fault.Of("resume", "", "%w", err)
	}
	return out, earlier, nil
}

// endOutput ends the records of a run. err is what ended the run, or nil.
func (r *runner) endOutput(err error) error {
	if err != nil && r.records.Count() == 0 && !r.Output.Resume {
		r.records.Abort()
		return err
	}
	failed := r.records.Close()
	lost, ok := errors.AsType[*recordfile.LostError](failed)
	switch {
	case !ok:
		return err
	case fault.IsBrokenPipe(failed):
		if lost.Lost > 0 {
			r.Tell("", "reader-gone", "the reader of stdout has gone: %d records are lost", lost.Lost)
		}
	case !errors.Is(err, fault.ErrInterrupted) && lost.Partial != "":
		return fault.Of("", "records-lost", "%w", lost)
	}
	return cmp.Or(err, failed)
}
