package store

import (
	"os"
	"path/filepath"
	"testing"

	"perfpipe/internal/format"
	"perfpipe/internal/record"
)

func empty(path string) error { return os.WriteFile(path, nil, 0o600) }

func TestStoresReplaceOnlyStores(t *testing.T) {
	for kind, name := range map[Kind]string{SQLite: "run.db", Parquet: "run.parquet"} {
		path := filepath.Join(t.TempDir(), name)
		for range 2 { // the second store replaces the first
			s, err := Open(kind, path, empty)
			if err != nil {
				t.Fatal(err)
			}
			s.Add(&record.Record{ID: "a", OK: true, SentUs: 1, LatencyMs: 2})
			if _, err := os.Stat(s.partial); err != nil {
				t.Errorf("%s: no file before Commit: %v", name, err)
			}
			if err := s.Commit([]format.Figure{{Group: "g", Name: "n", Value: "1.5"}, {Group: "g", Name: "none"}}); err != nil {
				t.Fatal(err)
			}
		}
		if !backends()[kind].owns(path) {
			t.Errorf("%s is not recognized", name)
		}
		if err := os.WriteFile(path, []byte("notes"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(kind, path, empty); err == nil {
			t.Errorf("%s: another file is replaced", name)
		}
		if _, err := Open(kind, filepath.Dir(path), empty); err == nil {
			t.Error("a folder is replaced")
		}
	}
}

func TestAbortLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	for _, kind := range []Kind{SQLite, Parquet} {
		s, err := Open(kind, filepath.Join(dir, "run"), empty)
		if err != nil {
			t.Fatal(err)
		}
		s.Add(&record.Record{ID: "a"})
		s.Abort()
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
