package facts

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The files of a run's folder, as perf-send --run-dir makes it.
const (
	RequestsFile = "requests.jsonl.zst"
	RecordsFile  = "records.jsonl.zst"
	FactsFile    = "facts.json"
	MetricsFile  = "metrics.jsonl" // if the server was asked for its metrics
)

// NewFolder makes a folder for a run that begins at a time, within dir. Its name sorts by time; suffix, such as a shard,
// comes behind it.
func NewFolder(dir string, at time.Time, suffix string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	name := at.UTC().Format("20060102T150405Z") + suffix
	for k := 2; ; k++ {
		path := filepath.Join(dir, name)
		err := os.Mkdir(path, 0o755)
		if !os.IsExist(err) {
			return path, err
		}
		name = fmt.Sprintf("%s%s-%d", at.UTC().Format("20060102T150405Z"), suffix, k)
	}
}

// Folder returns the folder of a run: path itself, or the latest one in it. It is "" if path is no folder.
func Folder(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return "", nil // to open it says what is wrong
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

// Records returns the file of records that path names: of a run's folder the one in it, else path.
func Records(path string) (string, error) {
	run, err := Folder(path)
	if run == "" || err != nil {
		return path, err
	}
	return filepath.Join(run, RecordsFile), nil
}

// Beside returns the facts and the metrics of a run's folder; "" if it has none, or path is no folder.
func Beside(path string) (facts, metrics string) {
	run, err := Folder(path)
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
