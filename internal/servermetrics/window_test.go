package servermetrics

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"perfpipe/internal/prompage"
)

func read(t *testing.T, file string) *File {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := Read(f, file)
	if err != nil {
		t.Fatal(err)
	}
	return all
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
		file     *File
		from, to int64
	}{
		{"gauges of the two samples within, totals from 1 s to 5 s, which are around them", one, 1500000, 3600000},
		{"at one sample", one, 1000000, 1000000},
		{"no sample within, but one on each side", one, 3600000, 3700000},
		{"behind the last", one, 6000000, 7000000},
		{"before the first", one, 1, 2},
		{"two servers", two, 0, 2000000},
	} {
		got, err := json.Marshal(c.file.Summarize(c.from, c.to, nil))
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

// A page on which nothing changes counts, one that failed does not, and a run before the others has a log of its own.
func TestReadPages(t *testing.T) {
	const lines = `{"at_us":1000000,"source":"a","series":[{"id":0,"name":"g","type":"gauge"}],"values":{"0":[6]}}
{"at_us":1500000,"source":"a","error":"refused"}
{"at_us":2000000,"source":"a"}
{"at_us":3000000,"source":"a","values":{"0":[0]}}
{"at_us":100000,"source":"a","series":[{"id":0,"name":"g","type":"gauge"}],"values":{"0":[9]}}
`
	f, err := Read(strings.NewReader(lines), "m.jsonl")
	if err != nil || len(f.Pages) != 2 || f.Samples[0].AtUs != 100000 || len(f.Series()) != 2 {
		t.Fatalf("%+v, %v", f, err)
	}
	show := func(*prompage.Series) bool { return true }
	w := f.Summarize(1_000_000, 3_000_000, show)
	if w == nil || len(w.Series) != 1 || *w.Series[0].Mean != 4 {
		t.Errorf("%+v", w)
	}
	if w := f.Summarize(50_000, 200_000, show); w == nil || len(w.Series) != 1 || *w.Series[0].Mean != 9 {
		t.Errorf("%+v", w)
	}
}
