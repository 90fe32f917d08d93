package main

import (
	"os"
	"strings"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/partial"
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
		{Name: "--truth", Path: f.Truth, Out: true}, {Name: "--otlp", Path: f.spanFile(), Out: true},
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
		return fault.Usage("--number N sets the number of requests",
			"--resume: what a run with --duration has left is not known")
	}
	return nil
}
