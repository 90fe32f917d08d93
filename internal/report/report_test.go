package report

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"perfpipe/internal/chart"
	"perfpipe/internal/gate"
	"perfpipe/internal/record"
	"perfpipe/internal/report/reporttest"
	"perfpipe/internal/stats"
	"perfpipe/internal/table"
)

// read returns a source with records, as if from a file of that name.
func read(t *testing.T, file string, records []record.Record) *Source {
	t.Helper()
	slo, err := gate.Parse("ttft_ms:p99<500")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Read(t.Context(), bytes.NewReader(reporttest.Lines(records)), file, file,
		stats.Options{Gates: []gate.Gate{slo}}, false)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func find(t *testing.T, p *chart.Page, name string) *chart.Figure {
	t.Helper()
	for i := range p.Figures {
		if p.Figures[i].Name == name {
			return &p.Figures[i]
		}
	}
	t.Fatalf("no figure %s", name)
	return nil
}

// tableOf returns the table with a title.
func tableOf(t *testing.T, tables []table.Table, title string) *table.Table {
	t.Helper()
	for i := range tables {
		if tables[i].Title == title {
			return &tables[i]
		}
	}
	t.Fatalf("no table %q", title)
	return nil
}

// TestComparison checks the page of two sides: the first table compares them, their names are file and folder, each
// side has a colour and each load point a dash, and there are facts and errors of each side.
func TestComparison(t *testing.T) {
	points := func(slots int) []reporttest.Load {
		return []reporttest.Load{
			{Run: "rate=5", N: 200, Rate: 5, Slots: slots, Chunks: 8, Failures: 0.1},
			{Run: "rate=9", N: 200, Rate: 9, Slots: slots, Chunks: 8},
		}
	}
	a, b := read(t, "x/d1/run.jsonl", reporttest.Records(1, points(2)...)), read(t, "x/d2/run.jsonl.zst",
		reporttest.Records(2, points(8)...))
	p := Page([]*Source{a, b}, Options{})
	first := p.Tables[0]
	if first.Title != "d2/run against d1/run" || !slices.Equal(first.Header,
		[]string{"figure", "d1/run", "d2/run", "difference", "95 % interval", "verdict"}) {
		t.Fatalf("the first table is %q: %q", first.Title, first.Header)
	}
	for _, name := range []string{"rate=5 · successful requests", "rate=5 · requests/s", "rate=9 · TTFT p99",
		"rate=9 · response time mean"} {
		if !slices.ContainsFunc(first.Rows, func(row []string) bool { return row[0] == name && row[5] != "" }) {
			t.Errorf("no row %q with a verdict", name)
		}
	}
	if len(first.Rows) != len(first.Tones) {
		t.Errorf("%d rows and %d tones", len(first.Rows), len(first.Tones))
	}
	sides := tableOf(t, p.Tables, "Sides")
	if !slices.Contains(sides.Header, "d1/run") || !slices.ContainsFunc(sides.Rows,
		func(row []string) bool { return slices.Equal(row, []string{"Requests", "400", "400"}) }) {
		t.Errorf("sides: %q %q", sides.Header, sides.Rows)
	}
	if len(p.Facts) != 0 {
		t.Errorf("facts that add up both sides: %q", p.Facts)
	}
	if errs := tableOf(t, p.Tables, "Errors"); !slices.Equal(errs.Header[:3], []string{"kind", "d1/run", "d2/run"}) {
		t.Errorf("errors: %q", errs.Header)
	}
	curves := find(t, p, "ttft-percentiles")
	want := map[string][2]int{"d1/run · rate=5": {0, 0}, "d1/run · rate=9": {0, 1}, "d2/run · rate=5": {1, 0},
		"d2/run · rate=9": {1, 1}}
	for _, s := range curves.Series {
		if got := [2]int{s.Color, s.Dash}; want[s.Name] != got {
			t.Errorf("%s has color and dash %v, want %v", s.Name, got, want[s.Name])
		}
	}
	for _, f := range p.Figures {
		for _, s := range f.Series {
			side := map[bool]int{true: 0, false: 1}[strings.HasPrefix(s.Name, "d1/run")]
			if s.Kind != chart.Bars && strings.Contains(s.Name, "/run") && s.Color != side {
				t.Errorf("%s: %s has colour %d", f.Name, s.Name, s.Color)
			}
		}
	}
}

func TestNamesOfSources(t *testing.T) {
	for _, c := range []struct{ files, want string }{
		{"a.jsonl b.jsonl.gz", "a b"},
		{"d1/run.jsonl d2/run.jsonl", "d1/run d2/run"},
		{"x/d/run.jsonl y/d/run.jsonl z/other.jsonl", "x/d/run y/d/run other"},
		{"./run.jsonl d/run.jsonl", "run d/run"},
		{"run.jsonl run.jsonl", "run run′"},
	} {
		var sources []*Source
		for f := range strings.FieldsSeq(c.files) {
			sources = append(sources, &Source{File: f})
		}
		nameSources(sources)
		var got []string
		for _, s := range sources {
			got = append(got, s.name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %s", c.files, got, c.want)
		}
	}
}

// TestFailuresCount checks that the response time of failed requests is infinite, so that they miss an SLO, and that a
// load point with them is not the best.
func TestFailuresCount(t *testing.T) {
	p := Page([]*Source{read(t, "f.jsonl", reporttest.Records(1,
		reporttest.Load{Run: "rate=5", N: 200, Rate: 5, Slots: 8, Chunks: 8}, reporttest.Load{Run: "rate=9", N: 200,
			Rate: 9, Slots: 8, Chunks: 8, Failures: 0.5}))}, Options{SLO: []gate.Gate{{Metric: "ttft_ms"}}})
	results := tableOf(t, p.Tables, "Results")
	column := func(name string) int { return slices.Index(results.Header, name) }
	if slo := column("SLO"); results.Rows[0][slo] != "met" || results.Rows[1][slo] != "missed" {
		t.Errorf("SLO: %q, %q", results.Rows[0][slo], results.Rows[1][slo])
	}
	if p99 := column("response time p99"); results.Rows[0][p99] == "∞" || results.Rows[1][p99] != "∞" {
		t.Errorf("response time p99: %q, %q", results.Rows[0][p99], results.Rows[1][p99])
	}
	if note := "In SLOs on TTFT, TPOT and latency failed requests are ∞, too."; !strings.Contains(results.Notes[0], note) {
		t.Errorf("no %q in %q", note, results.Notes[0])
	}
	marks := find(t, p, "throughput-load").Marks
	if len(marks) != 1 || marks[0].At != 5 || marks[0].Label != "highest within the SLO: rate=5" {
		t.Errorf("marks: %+v", marks)
	}
}

// TestPercentilesOverTimeHaveEnough checks that a few requests have no p99.
func TestPercentilesOverTimeHaveEnough(t *testing.T) {
	for n, want := range map[int][]string{300: {"p50", "p90", "max"}, 3000: {"p50", "p90", "p99"}} {
		p := Page([]*Source{read(t, "n.jsonl", reporttest.Records(1,
			reporttest.Load{Run: "a", N: n, Rate: 50, Slots: 40, Chunks: 8}))}, Options{})
		var names []string
		f := find(t, p, "ttft-time")
		for _, s := range f.Series {
			names = append(names, s.Name)
			for i, text := range s.Text {
				if s.Y[i] == s.Y[i] && len(text) < len("10 requests") {
					t.Errorf("%s of %s", s.Name, text)
				}
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("of %d requests: %q, want %q", n, names, want)
		}
		for i := range f.Series[0].Y {
			if f.Series[0].Y[i] > f.Series[1].Y[i] || f.Series[1].Y[i] > f.Series[2].Y[i] {
				t.Errorf("percentiles cross at %v s", f.Series[0].X[i])
			}
		}
		for _, name := range []string{"request-rate", "in-flight", "ttft-time", "errors-time", "lag-time"} {
			for i := range p.Figures {
				if g := &p.Figures[i]; g.Name == name && g.X.To != f.X.To {
					t.Errorf("%s goes to %v s, the others to %v s", name, g.X.To, f.X.To)
				}
			}
		}
	}
}

// TestSharesCountFailures checks that distributions of response time are of all requests: the share of those that
// failed is missing from them.
func TestSharesCountFailures(t *testing.T) {
	load := func(run string) reporttest.Load {
		return reporttest.Load{Run: run, N: 200, Rate: 20, Slots: 8, Chunks: 8, Failures: 0.3}
	}
	one := read(t, "one.jsonl", reporttest.Records(1, load("a")))
	two := read(t, "two.jsonl", reporttest.Records(1, load("a"), load("b")))
	for _, s := range []*Source{one, two} {
		p := Page([]*Source{s}, Options{})
		for name, all := range map[string]bool{"response-distribution": false, "latency-distribution": true} {
			f := find(t, p, name)
			share := f.Series[0].Y[len(f.Series[0].Y)-1] // of a cumulative line
			if f.Series[0].Kind == chart.Bars {
				share = 0
				for _, y := range f.Series[0].Y {
					share += y
				}
			}
			want := 100.0
			if !all {
				b := s.stats.Summary().Blocks[0]
				want *= float64(b.SuccessRate)
			}
			if math.Abs(share-want) > 1e-6 || strings.Contains(f.Note, "Failed requests") == all {
				t.Errorf("%s: %v %% in all, want %v; note %q", name, share, want, f.Note)
			}
		}
	}
}

// TestNothingKnown checks that what no request shows is not zero: the response time of failures alone is infinite, and
// an interval in which no request was sent, or of which no lag is known, has none.
func TestNothingKnown(t *testing.T) {
	failed := reporttest.Records(1, reporttest.Load{Run: "r", N: 50, Rate: 5, Slots: 8, Failures: 1})
	results := tableOf(t, Page([]*Source{read(t, "f.jsonl", failed)}, Options{}).Tables, "Results")
	if p50 := slices.Index(results.Header, "response time p50"); results.Rows[0][p50] != "∞" {
		t.Errorf("response time p50 of failures: %q", results.Rows[0][p50])
	}
	records := reporttest.Records(1, reporttest.Load{Run: "r", N: 50, Rate: 5, Slots: 8, Chunks: 8})
	records[49].LatencyMs += 20_000
	lag := find(t, Page([]*Source{read(t, "l.jsonl", records)}, Options{}), "lag-time").Series[0]
	if n := len(lag.Y); lag.Y[n-1] == lag.Y[n-1] || lag.Y[0] != lag.Y[0] {
		t.Errorf("lag from %v to %v ms: the last request was sent long before its end", lag.Y[0], lag.Y[n-1])
	}
	lines := bytes.ReplaceAll(reporttest.Lines(records), []byte(`"lag_ms"`), []byte(`"other_lag"`))
	lines = bytes.ReplaceAll(lines, []byte(`"scheduled_us"`), []byte(`"other_due"`))
	none, err := Read(t.Context(), bytes.NewReader(lines), "n", "n", stats.Options{}, false)
	if err != nil {
		t.Fatal(err)
	}
	isLag := func(f chart.Figure) bool { return f.Name == "lag-time" }
	if slices.ContainsFunc(Page([]*Source{none}, Options{}).Figures, isLag) {
		t.Error("a figure of lags that no record has")
	}
}

// TestNoPercentilesWhileIdle checks that curves over time have a gap between load points that are minutes apart.
func TestNoPercentilesWhileIdle(t *testing.T) {
	records := reporttest.Records(1, reporttest.Load{Run: "a", N: 300, Rate: 50, Slots: 40, Chunks: 8},
		reporttest.Load{Run: "b", N: 300, Rate: 50, Slots: 40, Chunks: 8})
	end := 0.0 // of the first load point, s
	for i := range records {
		if records[i].Run == "b" {
			records[i].ScheduledUs += 120e6
			records[i].SentUs += 120e6
			continue
		}
		end = max(end, float64(records[i].SentUs-records[0].SentUs)/1e6)
	}
	s := find(t, Page([]*Source{read(t, "n.jsonl", records)}, Options{}), "ttft-time").Series[0]
	for i := range len(s.X) - 1 {
		if s.Y[i] == s.Y[i] && s.X[i] < end+100 && s.X[i+1] > end+20 {
			t.Errorf("a value of %v ms from %v to %v s, though nothing was sent from %v s on", s.Y[i], s.X[i], s.X[i+1], end)
		}
	}
	if n := len(s.X); s.X[n-1] < end+120 {
		t.Errorf("the curve ends at %v s", s.X[n-1])
	}
}

// TestManyLoadPoints checks that sixty load points are legible: a few have curves, and the table has all.
func TestManyLoadPoints(t *testing.T) {
	p := Page([]*Source{read(t, "s.jsonl", reporttest.Records(1, reporttest.Sweep(60, 12)...))}, Options{})
	f := find(t, p, "ttft-percentiles")
	if n := len(f.Series); n < 5 || n > mostCurves+1 || !strings.Contains(f.Note, "of 60 load points are drawn") {
		t.Errorf("%d curves; %s", n, f.Note)
	}
	if n := len(tableOf(t, p.Tables, "Results").Rows); n != 60 {
		t.Errorf("%d rows", n)
	}
	if n := len(find(t, p, "in-flight").Marks); n == 0 || n > mostTimeMarks {
		t.Errorf("%d marks along the run", n)
	}
	if len(p.Details) != 60 {
		t.Errorf("%d tables of metrics", len(p.Details))
	}
}

// TestLongDurations checks that axes, marks and tables show seconds from ten seconds on.
func TestLongDurations(t *testing.T) {
	records := reporttest.Records(1, reporttest.Load{Run: "a", N: 100, Rate: 1, Slots: 40, Chunks: 4})
	for i := range records {
		records[i].LatencyMs += 65_000
	}
	p := Page([]*Source{read(t, "l.jsonl", records)}, Options{})
	f := find(t, p, "latency-percentiles")
	if top := slices.Max(f.Series[0].Y); f.Y.Unit != "s" || top < 65 || top > 70 {
		t.Errorf("up to %v %s", top, f.Y.Unit)
	}
	if f := find(t, p, "ttft-percentiles"); f.Y.Unit != "ms" {
		t.Errorf("TTFT in %s", f.Y.Unit)
	}
	if m := find(t, p, "latency-distribution").Marks[0]; m.At < 65 || m.At > 70 || !strings.HasSuffix(m.Label, " s") {
		t.Errorf("mark %+v", m)
	}
	if note := tableOf(t, p.Tables, "Results").Notes[0]; !strings.HasPrefix(note, "Times in s.") {
		t.Errorf("note %q", note)
	}
}

// TestZeros checks that charts with a logarithmic axis explain where zeros are, and that the shares of an ITL are those
// of gaps.
func TestZeros(t *testing.T) {
	records := reporttest.Records(1, reporttest.Load{Run: "a", N: 30, Rate: 5, Slots: 8, Chunks: 4})
	for i := range records {
		records[i].GapUs[0] = 0
	}
	p := Page([]*Source{read(t, "z.jsonl", records)}, Options{})
	for name, want := range map[string]bool{"itl-percentiles": true, "itl-distribution": true, "ttft-percentiles": false} {
		if f := find(t, p, name); strings.Contains(f.Note, "Values of 0 are") != want {
			t.Errorf("%s: %q", name, f.Note)
		}
	}
	if got := find(t, p, "itl-distribution").Series[0].Name; got != "share of gaps" {
		t.Errorf("ITL: %s", got)
	}
}

// TestContentOnlyIfItDiffers checks that the TTFT of content is left out if it equals the TTFT.
func TestContentOnlyIfItDiffers(t *testing.T) {
	for _, thinks := range []bool{false, true} {
		records := reporttest.Records(1, reporttest.Load{Run: "a", N: 30, Rate: 5, Slots: 8, Chunks: 4})
		for i := range records {
			if records[i].ContentTTFTMs = records[i].TTFTMs; thinks {
				records[i].ContentTTFTMs += 5
			}
		}
		p := Page([]*Source{read(t, "c.jsonl", records)}, Options{})
		shown := slices.ContainsFunc(p.Details[0].Rows, func(row []string) bool {
			return strings.HasPrefix(row[0], "TTFT, content")
		})
		if shown != thinks {
			t.Errorf("reasoning %v: the TTFT of content is shown: %v", thinks, shown)
		}
	}
}
