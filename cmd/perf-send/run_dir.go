package main

import (
	"fmt"
	"path/filepath"
	"time"

	"perfpipe/internal/facts"
	"perfpipe/internal/fault"
	"perfpipe/internal/feed"
)

// useRunDir creates the folder of this run in --run-dir, for all files that have no path of their own.
func (f *flags) useRunDir() error {
	if f.RunDir == "" {
		return nil
	}
	suffix := ""
	if f.part.Of > 1 {
		suffix = fmt.Sprintf("-%d", f.part.Index)
	}
	dir, err := facts.NewFolder(f.RunDir, time.Now(), suffix)
	if err != nil {
		return fault.Fail("", "--run-dir: %w", err)
	}
	f.folder = dir
	for _, file := range []struct {
		flag *string
		name string
	}{{&f.Output, facts.RecordsFile}, {&f.FactsOut, facts.FactsFile}} {
		if *file.flag == "" {
			*file.flag = filepath.Join(dir, file.name)
		}
	}
	if f.MetricsOut == "" && (len(f.URL) > 0 || f.API != "") {
		f.MetricsOut = filepath.Join(dir, facts.MetricsFile)
	}
	return nil
}

// openLog creates the file of the request lines in the folder of the run. It returns nil without --run-dir.
func (f *flags) openLog() (*feed.Log, error) {
	if f.folder == "" {
		return nil, nil
	}
	file, err := f.Mode.Private().CreateNew(filepath.Join(f.folder, facts.RequestsFile))
	if err != nil {
		return nil, fault.Fail("", "--run-dir: %w", err)
	}
	return feed.NewLog(file)
}
