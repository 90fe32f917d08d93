package main

import (
	"os"
	"strings"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/partial"
)

// checkFiles refuses files that would destroy each other, or what an earlier run has written.
func (f *flags) checkFiles(env *cli.Env) error {
	f.Resume = strings.TrimSuffix(f.Resume, partial.Suffix)
	if f.Resume != "" {
		if err := f.checkResume(); err != nil {
			return err
		}
		f.Output = f.Resume
	}
	files := []cli.File{
		{Name: "the input", Path: f.Input}, {Name: "-o", Path: f.Output, Out: true},
		{Name: "--metrics-out", Path: f.MetricsOut, Out: true}, {Name: "--facts-out", Path: f.FactsOut, Out: true},
		{Name: "--truth", Path: f.Truth, Out: true},
	}
	var named []cli.File
	for i, file := range files {
		if i < 2 || file.Path != "" { // the first two are stdin and stdout if they are not named
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
