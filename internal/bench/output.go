package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/goccy/go-json"

	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/feed"
	"perfpipe/internal/load"
	"perfpipe/internal/otlp"
	"perfpipe/internal/recordfile"
	"perfpipe/internal/vocabulary"
)

// openTokenizer opens the tokenizer, if there is one.
func (r *runner) openTokenizer(ctx context.Context) (err error) {
	if r.Tokenizer.Name != "" {
		r.tokenizer, err = vocabulary.Open(ctx, r.Tokenizer.Name, r.Tokenizer.Hub)
	}
	return vocabulary.Fault(err)
}

// openFiles opens the files of the run.
func (r *runner) openFiles() (err error) {
	if err := r.makeFolder(); err != nil {
		return err
	}
	if r.out, r.earlier, err = r.openRecords(); err != nil || r.folder == "" {
		return err
	}
	file, err := r.Output.CreateNew(filepath.Join(r.folder, facts.RequestsFile))
	if err != nil {
		return fault.Of("run-dir", "", "%w", err)
	}
	r.log, err = feed.NewLog(file)
	return err
}

// closeFiles ends the files of a run that did not begin.
func (r *runner) closeFiles() {
	if r.out != nil {
		r.out.Abort() // does nothing after run
	}
	r.log.Close()
}

// writeFacts writes the report.
func (r *runner) writeFacts() error {
	if r.Output.Facts == "" {
		return nil
	}
	b, err := json.MarshalIndent(&r.report, "", "  ")
	if err == nil {
		err = r.Output.Write(r.Output.Facts, append(b, '\n'))
	}
	if err != nil {
		return fault.Of("facts-out", "", "%w", err)
	}
	return nil
}

// openRecords opens the file of the records, and checks that the other files can be written.
func (r *runner) openRecords() (*recordfile.File, load.Sent, error) {
	o := &r.Output
	for _, other := range []struct{ setting, path string }{
		{"facts-out", o.Facts}, {"metrics-out", r.Metrics.File}, {"otlp", o.Spans},
	} {
		if err := o.Continue(other.path).Check(); err != nil {
			return nil, load.Sent{}, fault.Of(other.setting, "", "%w", err)
		}
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

// openLines opens a file of lines. A resumed run continues that of the earlier one.
func (o *Output) openLines(path string) (*recordfile.File, error) {
	if o.Resume {
		return recordfile.Continue(path, o.Continue)
	}
	return recordfile.Open(o.Create(path), path)
}

// openSpans opens the file of the spans, if there is to be one.
func (r *runner) openSpans() (closeFile func() error, err error) {
	if r.Output.Spans == "" {
		return func() error { return nil }, nil
	}
	out, err := r.Output.openLines(r.Output.Spans)
	if err != nil {
		return nil, fault.Of("otlp", "", "%w", err)
	}
	r.Spans = otlp.New(otlp.ToFile(out))
	return func() error {
		if err := out.Close(); err != nil {
			return fault.Of("otlp", "", "%w", err)
		}
		return nil
	}, nil
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
		return fault.Because("", "records-lost", r.Output.Records, "%w", lost)
	case !errors.Is(err, fault.ErrInterrupted):
		return failed
	}
	return cmp.Or(err, failed)
}
