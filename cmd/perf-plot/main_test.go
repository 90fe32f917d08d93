package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"llmperf/internal/chart"
	"llmperf/internal/cli"
	"llmperf/internal/record"
)

// plot runs the command on stdin and gives its exit code and output.
func plot(t *testing.T, stdin []byte, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, talk bytes.Buffer
	env := &cli.Env{Name: "perf-plot", Args: args, Stdin: bytes.NewReader(stdin), Stdout: &out, Stderr: &talk}
	code = env.Exit(run(env))
	return code, out.String(), talk.String()
}

// mustPlot runs the command and wants success.
func mustPlot(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	code, stdout, stderr := plot(t, stdin, args...)
	if code != 0 {
		t.Fatalf("perf-plot %v: exit %d: %s", args, code, stderr)
	}
	return stdout
}

// inputs are what a page must make sense of.
func inputs() map[string][]record.Record {
	odd := synth(3, load{run: "x", n: 5, rate: 5, slots: 2, chunks: 4})
	odd[0].TTFTMs, odd[0].GapUs = 0, nil // not streamed
	odd[1].SentUs, odd[1].ScheduledUs = 0, 0
	odd[2].GapUs = []int64{0, 0, 0}
	odd[3].LatencyMs = 0
	odd[4].ChunkTokens = []int{1, 2, 3, 4}
	return map[string][]record.Record{
		"none":     nil,
		"single":   synth(1, load{run: "rate=1", n: 1, rate: 1, slots: 1, chunks: 8}),
		"failed":   synth(1, load{run: "rate=5", n: 30, rate: 5, slots: 4, chunks: 8, failures: 1}),
		"one":      synth(1, load{run: "rate=10", n: 300, rate: 10, slots: 8, chunks: 16, warmup: 10, failures: 0.02}),
		"twenty":   synth(1, sweepOf(20, 60)...),
		"turns":    synth(1, load{run: "rate=5", n: 200, rate: 5, slots: 8, chunks: 8, turns: 4}),
		"odd":      odd,
		"constant": {{Seq: 1, SentUs: 1e15, LatencyMs: 5, OK: true}, {Seq: 2, SentUs: 1e15, LatencyMs: 5, OK: true}},
	}
}

func TestEveryInputInEveryFormat(t *testing.T) {
	for name, records := range inputs() {
		if page := mustPlot(t, lines(records)); !strings.Contains(page, "</html>") {
			t.Errorf("%s: half a page", name)
		}
		figures := newReport(readLines(t, lines(records)), words("en"), nil).page("").Figures
		for i := range figures {
			for format, draw := range map[string]func(io.Writer, *chart.Figure) error{
				"svg": chart.SVG, "vega": chart.Vega, "term": func(w io.Writer, f *chart.Figure) error { return chart.Term(w, f, 80) },
			} {
				var out bytes.Buffer
				if err := draw(&out, &figures[i]); err != nil || strings.Contains(out.String(), "NaN") || strings.Contains(out.String(), "Inf") {
					t.Errorf("%s: %s as %s: %v, or a number that is none", name, figures[i].Name, format, err)
				}
			}
		}
	}
}

func TestEveryTitleSaysSimulated(t *testing.T) {
	for name, records := range inputs() {
		for line := range strings.Lines(mustPlot(t, lines(records), "--figure", "list")) {
			if simulated := strings.Contains(line, "\tSimulated: "); simulated != (name != "constant") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

func TestOrderOfRecordsDoesNotMatter(t *testing.T) {
	records := synth(1, sweepOf(3, 400)...)
	want := mustPlot(t, lines(records))
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	if mustPlot(t, lines(records)) != want {
		t.Error("the page of shuffled records differs")
	}
}

func TestHostileRecords(t *testing.T) {
	bad := `</script><img src=x onerror=alert(1)>"'<!--` + "\x1b[2J"
	records := synth(1, load{run: bad, n: 40, rate: 10, slots: 4, chunks: 4, failures: 0.3}, load{run: bad + "2", n: 40, rate: 20, slots: 4, chunks: 4})
	for i := range records {
		r := &records[i]
		r.Model, r.Op, r.Mode, r.URL, r.FinishReason, r.ID = bad, bad, bad, "http://user:password@host/"+bad+"?key=secret", bad, bad
		r.Labels = map[string]string{bad: bad}
		if r.Error != nil {
			r.Error.Message, r.Error.Kind = bad, bad
		}
	}
	page := mustPlot(t, lines(records))
	plain := mustPlot(t, lines(synth(1, sweepOf(2, 20)...)))
	for _, tag := range []string{"<img", "<script", "</script", "<!--"} {
		if got, want := strings.Count(page, tag), strings.Count(plain, tag); got != want {
			t.Errorf("%d times %s, %d in a page of plain records", got, tag, want)
		}
	}
	if strings.Contains(page, "password") || strings.Contains(page, "secret") {
		t.Error("a secret of the URL stands in the page")
	}
	if out := mustPlot(t, lines(records), "--format", "term"); strings.Contains(out, "\x1b") {
		t.Error("an escape sequence reached the terminal")
	}
}

// TestChinese looks for words that were left in English.
func TestChinese(t *testing.T) {
	talks := load{run: "rate=40", n: 60, rate: 40, slots: 8, chunks: 8, turns: 3, failures: 0.1}
	page := newReport(readLines(t, lines(synth(1, append(sweepOf(4, 60), talks)...))), words("zh"), nil).page("")
	kept := regexp.MustCompile(`TTFT|TPOT|ITL|SLO|UTC|token|perf-plot|rate=[0-9.]+|p[0-9.]+|ms|http|read_timeout|truncated|sim-7b|Shift|#[0-9]+|\bs\b|chat|\bsim\b|happened|1/s`)
	check := func(texts ...string) {
		for _, text := range texts {
			if rest := kept.ReplaceAllString(text, ""); strings.IndexFunc(rest, func(r rune) bool { return r < 0x80 && unicode.IsLetter(r) }) >= 0 {
				t.Errorf("left in English: %q", text)
			}
		}
	}
	check(page.Title, page.Footer)
	check(page.Notices...)
	for _, f := range page.Facts {
		if f[0] != "服务器" && f[0] != "用时" {
			check(f[0], f[1])
		}
	}
	for _, tab := range page.Tables {
		check(tab.Title, tab.Note)
		check(tab.Head...)
		for _, row := range tab.Rows {
			check(row...)
		}
	}
	for _, f := range page.Figures {
		check(f.Section, f.Title, f.Note, f.Alt, f.X.Label, f.Y.Label, f.X.Unit, f.Y.Unit, f.RowLabel)
		for _, s := range f.Series {
			check(s.Name, s.VLabel)
		}
		for _, m := range f.Marks {
			check(m.Label)
		}
	}
}

func TestEveryFigureHasText(t *testing.T) {
	for name, records := range inputs() {
		sources := readLines(t, lines(records))
		for _, f := range newReport(sources, words("en"), nil).page("").Figures {
			if f.Alt == "" || f.X.Label == "" || f.Y.Label == "" || f.Section == "" {
				t.Errorf("%s: %s lacks its text: alt %q, x %q, y %q", name, f.Name, f.Alt, f.X.Label, f.Y.Label)
			}
		}
	}
}

// readLines gathers records.
func readLines(t *testing.T, in []byte) []*source {
	t.Helper()
	env := &cli.Env{Name: "perf-plot", Stdin: bytes.NewReader(in)}
	opt, err := (&flags{}).options(nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := env.Context()
	defer stop()
	sources, err := read(ctx, env, &flags{}, opt)
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

func TestNothingHalfWritten(t *testing.T) {
	out := filepath.Join(t.TempDir(), "page.html")
	if code, _, _ := plot(t, []byte("{\"ok\":true}\nnonsense\n"), "-o", out); code != cli.CodeFail {
		t.Errorf("exit %d", code)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(out), "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a page was written")
	}
}

func TestUsage(t *testing.T) {
	in := lines(inputs()["one"])
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--figure", "nope", "--format", "svg"}, `--figure: there is no figure "nope"`},
		{[]string{"--slo", "nonsense"}, "--slo: "},
		{[]string{"--slo", "nope_ms:p99<5"}, "--slo: "},
		{[]string{"--goodput", "nope<5"}, "--goodput: "},
		{[]string{"--lang", "zh", "--format", "png"}, "--lang zh: "},
		{[]string{"--format", "gif"}, "--format"},
	} {
		if code, _, stderr := plot(t, in, c.args...); code != cli.CodeUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit %d: %s", c.args, code, stderr)
		}
	}
}

func TestKnee(t *testing.T) {
	for _, c := range []struct {
		x, y []float64
		at   int
		ok   bool
	}{
		{[]float64{1, 2, 3, 4, 5}, []float64{10, 11, 12, 60, 100}, 2, true},
		{[]float64{1, 2, 3, 4, 5}, []float64{10, 20, 30, 40, 50}, 0, false},
		{[]float64{1, 2, 3}, []float64{10, 11, 90}, 0, false},
		{[]float64{1, 2, 3, 4}, []float64{40, 30, 20, 10}, 0, false},
		{[]float64{1, 2, 3, 4}, []float64{10, 10, 10, 11}, 0, false},
		{nil, nil, 0, false},
	} {
		if at, ok := knee(c.x, c.y); at != c.at || ok != c.ok {
			t.Errorf("knee of %v is %d, %v; want %d, %v", c.y, at, ok, c.at, c.ok)
		}
	}
}

func TestSLOMarks(t *testing.T) {
	list := chart.Column{}
	slos, err := parseSLOs([]string{"ttft_ms:p99<500", "ok>=0.9"})
	if err != nil {
		t.Fatal(err)
	}
	r := &report{words: "en", slos: slos}
	for _, m := range r.limits("ttft_ms", true) {
		list = append(list, m.At)
	}
	if len(list) != 1 || list[0] != 500 || len(r.limits("latency_ms", true)) != 0 {
		t.Errorf("marks at %v", list)
	}
}
