package servermetrics

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func read(t *testing.T, file string) []Sample {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	samples, err := Read(f, file)
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

// Each stretch of time has the window on its line of testdata/windows.jsonl.
func TestSummarize(t *testing.T) {
	lines, err := os.ReadFile("testdata/windows.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	windows := strings.Split(strings.TrimSpace(string(lines)), "\n")
	one, two := read(t, "testdata/window.jsonl"), read(t, "testdata/two-servers.jsonl")
	for i, c := range []struct {
		name     string
		samples  []Sample
		from, to int64
	}{
		{"gauges of the two samples within, totals from 1 s to 5 s, which are around them", one, 1500000, 3600000},
		{"at one sample", one, 1000000, 1000000},
		{"no sample within, but one on each side", one, 3600000, 3700000},
		{"behind the last", one, 6000000, 7000000},
		{"before the first", one, 1, 2},
		{"two servers", two, 0, 2000000},
	} {
		got, err := json.Marshal(Summarize(c.samples, c.from, c.to))
		if err != nil || string(got) != windows[i] {
			t.Errorf("%s: %v\n got %s\nwant %s", c.name, err, got, windows[i])
		}
	}
}

func TestReadNamesTheLine(t *testing.T) {
	_, err := Read(strings.NewReader("{}\n{"), "m.jsonl")
	if err == nil || !strings.HasPrefix(err.Error(), "m.jsonl:2: ") {
		t.Errorf("%v", err)
	}
}
