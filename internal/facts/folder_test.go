package facts

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var made []string
	for _, at := range []time.Time{at, at, at.Add(time.Second)} {
		run, err := NewFolder(dir, at, "")
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, filepath.Base(run))
	}
	if want := [3]string{"20260102T030405Z", "20260102T030405Z-2", "20260102T030406Z"}; [3]string(made) != want {
		t.Errorf("made %q, want %q", made, want)
	}
	const empty = ": a folder without records.jsonl.zst, and none in it has one"
	if _, err := Records(dir); err == nil || err.Error() != dir+empty {
		t.Errorf("no records: %v", err)
	}
	second := filepath.Join(dir, made[1])
	for _, name := range []string{RecordsFile, FactsFile} {
		if err := os.WriteFile(filepath.Join(second, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	records := filepath.Join(second, RecordsFile)
	for _, path := range []string{dir, second, records} {
		if got, err := Records(path); err != nil || got != records {
			t.Errorf("%s: got %s, %v", path, got, err)
		}
	}
	if facts, metrics := Beside(dir); facts != filepath.Join(second, FactsFile) || metrics != "" {
		t.Errorf("beside: %q, %q", facts, metrics)
	}
	if got, err := Records("gone.jsonl"); got != "gone.jsonl" || err != nil {
		t.Errorf("no such file: %q, %v", got, err)
	}
}
