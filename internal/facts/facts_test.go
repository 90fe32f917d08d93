package facts

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestRows(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f := Facts{
		Command: []string{"perf-send", "--rate", "5", "--headers", "X-A=it's"}, Version: "v1",
		Host: "box", System: "linux/amd64 6.1", CPUs: 2,
		Started: at, Ended: at.Add(90 * time.Second), Interrupted: true, Requests: 5, OK: 2, Failed: 3,
		Errors: map[string]int64{"connect": 1, "http": 2}, Verdict: "strained", Reason: "late",
	}
	want := [][2]string{
		{"command", `perf-send --rate 5 --headers 'X-A=it'\''s'`},
		{"version", "v1"},
		{"host", "box, linux/amd64 6.1, 2 CPUs"},
		{"time", "2026-01-02T03:04:05Z, 1m30s"},
		{"end", "interrupted"},
		{"requests", "5: 2 ok, 3 failed (http 2, connect 1)"},
		{"load generator", "strained: late"},
	}
	if got := f.Rows(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "facts.json")
	for text, want := range map[string]string{
		`{"format":"perf-send-facts/1","requests":3,"knee":{}}`: "",
		`{"run":"a"}`: `not the facts of a run: format "", want "perf-send-facts/1"`,
		`[`:           "not the facts of a run: ",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := Read(path)
		switch {
		case want == "" && (err != nil || f.Requests != 3):
			t.Errorf("%s: got %v, %v", text, f, err)
		case want != "" && (err == nil || !strings.HasPrefix(err.Error(), path+": "+want)):
			t.Errorf("%s: got error %v", text, err)
		}
	}
}
