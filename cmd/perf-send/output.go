package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/load"
	"perfpipe/internal/partial"
	"perfpipe/internal/recordfile"
)

// checkFiles refuses files that would destroy each other, or the records of an earlier run.
func (f *flags) checkFiles(env *cli.Env) error {
	f.Resume = strings.TrimSuffix(f.Resume, partial.Suffix)
	if f.Resume != "" {
		if err := f.checkResume(); err != nil {
			return err
		}
		f.Output = f.Resume
	}
	named := []cli.File{ // without a path, these are stdin and stdout
		{Name: "the input", Path: f.Input}, {Name: "-o", Path: f.Output, Out: true},
	}
	for _, file := range []cli.File{
		{Name: "--metrics-out", Path: f.MetricsOut, Out: true}, {Name: "--facts-out", Path: f.FactsOut, Out: true},
		{Name: "--truth", Path: f.Truth, Out: true},
	} {
		if file.Path != "" {
			named = append(named, file)
		}
	}
	if err := env.Distinct(named...); err != nil {
		return err
	}
	if cli.IsStd(f.Output) || f.Force || f.Resume != "" {
		return nil
	}
	if info, err := os.Stat(f.Output); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		return fault.Usage("--resume "+f.Output+" sends what it does not hold yet, --force replaces it",
			"-o: %s exists and is not empty", f.Output)
	}
	return nil
}

// checkResume refuses a run that cannot be resumed.
func (f *flags) checkResume() error {
	switch {
	case cli.IsStd(f.Resume):
		return fault.Usage("", "--resume: needs the name of a file")
	case f.Output != "" && f.Output != f.Resume:
		return fault.Usage("leave -o out", "--resume: appends to %s, where -o says %s", f.Resume, f.Output)
	case f.Force:
		return fault.Usage("", "--resume: keeps the file that --force replaces")
	case f.adaptive():
		return fault.Usage("", "--resume: a search cannot be resumed, since its levels depend on earlier results")
	case f.Duration > 0:
		return fault.Usage("--number says how many requests a run has",
			"--resume: what a run with --duration has left is not known")
	}
	return nil
}

// openRecords opens the file of the records, and checks that the other files can be written.
func (f *flags) openRecords(env *cli.Env) (*recordfile.File, load.Sent, error) {
	for _, other := range []struct{ flag, path string }{{"--facts-out", f.FactsOut}, {"--metrics-out", f.MetricsOut}} {
		file := env.Continue(other.path)
		if err := file.Open(); err != nil {
			return nil, load.Sent{}, fmt.Errorf("%s: %w", other.flag, err)
		}
		file.Rescue(false)
	}
	if f.Resume == "" {
		out, err := recordfile.Open(env.Create(f.Output), f.Output)
		return out, load.Sent{}, err
	}
	out, sent, err := recordfile.Resume(f.Resume, env.Continue)
	switch {
	case errors.Is(err, recordfile.ErrNotRegular):
		return nil, load.Sent{}, fault.Usage("", "--resume: %w", err)
	case err != nil:
		return nil, load.Sent{}, fmt.Errorf("--resume: %w", err)
	case sent == nil:
		return out, load.Sent{}, nil
	}
	again := ""
	if sent.Dropped > 0 {
		again = fmt.Sprintf("; %d more were cut short and are sent again", sent.Dropped)
	}
	env.Say("--resume: %s holds %d records%s", f.Resume, sent.Records, again)
	earlier, err := sent.Load(f.part)
	if err != nil {
		out.Abort()
		return nil, load.Sent{}, fmt.Errorf("--resume: %w", err)
	}
	return out, earlier, nil
}

// endOutput ends the records of a run. err is what ended the run, or nil.
func (r *runner) endOutput(err error) error {
	if err != nil && r.records.Count() == 0 && r.f.Resume == "" {
		r.records.Abort()
		return err
	}
	failed := r.records.Close()
	lost, ok := errors.AsType[*recordfile.LostError](failed)
	switch {
	case !ok:
		return err
	case cli.IsBrokenPipe(failed):
		if lost.Lost > 0 {
			r.env.Say("the reader of stdout has gone: %d records are lost", lost.Lost)
			r.env.Hint("-o FILE writes the records to a file; tee -i FILE outlives Ctrl-C")
		}
	case !errors.Is(err, fault.ErrInterrupted) && lost.Partial != "":
		return fault.Fail("free disk space; then --resume "+r.f.Output+" sends what is missing", "%w", lost)
	}
	return cmp.Or(err, failed)
}
