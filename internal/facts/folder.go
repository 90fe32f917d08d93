package facts

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The names of the files in the folder of a run.
const (
	RequestsFile = "requests.jsonl.zst"
	RecordsFile  = "records.jsonl.zst"
	FactsFile    = "facts.json"
	MetricsFile  = "metrics.jsonl" // if the metrics of the server were sampled
)

// NewFolder creates a folder in dir for a run that starts at a time. Names sort by time; suffix is added to the name.
func NewFolder(dir string, at time.Time, suffix string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	first := filepath.Join(dir, at.UTC().Format("20060102T150405Z")+suffix)
	path := first
	for k := 2; ; k++ {
		err := os.Mkdir(path, 0o755)
		if !os.IsExist(err) {
			return path, err
		}
		path = fmt.Sprintf("%s-%d", first, k)
	}
}

// folder returns the folder of a run: path itself, or the latest run in it. It returns "" if path is not a folder.
func folder(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return "", nil // opening it reports what is wrong
	}
	if has(path, RecordsFile) {
		return path, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return "", err
	}
	for _, e := range slices.Backward(entries) { // sorted by name
		if run := filepath.Join(path, e.Name()); has(run, RecordsFile) {
			return run, nil
		}
	}
	return "", fmt.Errorf("%s: a folder without %s, and none in it has one", path, RecordsFile)
}

// Records returns the file of records in the folder of a run, or path itself if it is not a folder.
func Records(path string) (string, error) {
	run, err := folder(path)
	if run == "" || err != nil {
		return path, err
	}
	return filepath.Join(run, RecordsFile), nil
}

// Beside returns the files of facts and of metrics in the folder of a run. Each is "" if there is none.
func Beside(path string) (facts, metrics string) {
	run, err := folder(path)
	if run == "" || err != nil {
		return "", ""
	}
	if has(run, FactsFile) {
		facts = filepath.Join(run, FactsFile)
	}
	if has(run, MetricsFile) {
		metrics = filepath.Join(run, MetricsFile)
	}
	return facts, metrics
}

func has(dir, name string) bool {
	info, err := os.Stat(filepath.Join(dir, name))
	return err == nil && info.Mode().IsRegular()
}
