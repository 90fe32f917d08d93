package servermetrics

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	for second, want := range map[string]string{
		"{":           "m.jsonl:2: not valid JSON",
		`{"ok":true}`: "m.jsonl:2: not a sample of metrics: it has no source",
	} {
		_, err := Read(strings.NewReader(`{"source":"a"}`+"\n"+second), "m.jsonl")
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", second, err, want)
		}
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

// The server's own TTFT and ITL are those of streams, over all engines and servers; its latency is that of all
// requests.
func TestTimes(t *testing.T) {
	page := func(n int) string {
		var b strings.Builder
		b.WriteString("sglang:num_running_reqs 1\n")
		for _, name := range []string{"time_to_first_token", "inter_token_latency", "e2e_request_latency"} {
			fmt.Fprintf(&b, "# TYPE sglang:%s_seconds histogram\n", name)
			for seconds, stream := range []string{"false", "true"} {
				for i, part := range []string{"count", "sum", `bucket{le="+Inf"}`} {
					part, _, found := strings.Cut(part, "{")
					labels := `is_streaming="` + stream + `"`
					if found {
						labels += `,le="+Inf"`
					}
					fmt.Fprintf(&b, "sglang:%s_seconds_%s{%s} %d\n", name, part, labels, []int{n, n * seconds, n}[i])
				}
			}
		}
		return b.String()
	}
	var lines bytes.Buffer
	for _, source := range []string{"a", "b"} {
		var e prompage.Encoder
		for i, n := range []int{0, 3} {
			families, err := parse(strings.NewReader(page(n)))
			if err != nil {
				t.Fatal(err)
			}
			s := Sample{AtUs: int64(i) * 1e6, Source: source}
			s.fill(families)
			s.Delta = e.Encode(families)
			line, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			lines.Write(append(line, '\n'))
		}
	}
	f, err := Read(&lines, "m.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(f.Summarize(0, 1e6, nil).Times)
	const want = `[{"key":"ttft_ms","n":6,"mean_ms":1000},{"key":"itl_ms","n":6,"mean_ms":1000},` +
		`{"key":"latency_ms","n":12,"mean_ms":500}]`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}
