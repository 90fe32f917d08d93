package store

import (
	"os"
	"path/filepath"
	"slices"
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

// TestAbsent checks that absent keys have no value, also if another record had one: a Decoder reuses its lists.
func TestAbsent(t *testing.T) {
	var d record.Decoder
	lines := []string{
		`{ "id":"a","sent_us":1,"latency_ms":0,"gap_us":[5],"chunk_tokens":[1,1],"labels":{"k":"v"},"queue_ms":0}`,
		`{ "id":"b","sent_us":1,"LATENCY_MS":3,"completion_tokens":0}`,
		`{"id":"c","sent_us":1}`,
	}
	want := []map[string]bool{
		{"gap_us": true, "chunk_tokens": true, "labels": true, "latency_ms": true, "queue_ms": true},
		{"latency_ms": true, "completion_tokens": true},
		{},
	}
	for i, line := range lines {
		r, err := d.Decode([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range columns() {
			known := []string{"id", "sent_us", "ok", "seq", "reused"}
			if _, ok := c.of(r); ok != want[i][c.name] && !slices.Contains(known, c.name) {
				t.Errorf("%s: %s is present: %v", line, c.name, ok)
			}
		}
	}
}
