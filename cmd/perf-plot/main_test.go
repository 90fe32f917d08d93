package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"perfpipe/internal/chart"
	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/record"
	"perfpipe/internal/report"
	"perfpipe/internal/report/reporttest"
	"perfpipe/internal/stats"
)

// plot runs the command on stdin and returns its exit code and output.
func plot(t *testing.T, stdin []byte, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, talk bytes.Buffer
	env := &cli.Env{Name: "perf-plot", Args: args, Stdin: bytes.NewReader(stdin), Stdout: &out, Stderr: &talk}
	code = env.Exit(run(env))
	return code, out.String(), talk.String()
}

// mustPlot runs the command, which must succeed.
func mustPlot(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	code, stdout, stderr := plot(t, stdin, args...)
	if code != 0 {
		t.Fatalf("perf-plot %v: exit %d: %s", args, code, stderr)
	}
	return stdout
}

// inputs returns the inputs that a page must be able to draw.
func inputs() map[string][]record.Record {
	odd := reporttest.Records(3, reporttest.Load{Run: "x", N: 5, Rate: 5, Slots: 2, Chunks: 4})
	odd[0].TTFTMs, odd[0].GapUs = 0, nil // not streamed
	odd[1].SentUs, odd[1].ScheduledUs = 0, 0
	odd[2].GapUs = []int64{0, 0, 0}
	odd[3].LatencyMs = 0
	odd[4].ChunkTokens = []int{1, 2, 3, 4}
	return map[string][]record.Record{
		"single": reporttest.Records(1, reporttest.Load{Run: "rate=1", N: 1, Rate: 1, Slots: 1, Chunks: 8}),
		"failed": reporttest.Records(1, reporttest.Load{Run: "rate=5", N: 30, Rate: 5, Slots: 4, Chunks: 8, Failures: 1}),
		"one": reporttest.Records(1, reporttest.Load{Run: "rate=10", N: 300, Rate: 10, Slots: 8, Chunks: 16,
			Warmup: 10, Failures: 0.02}),
		"twenty":   reporttest.Records(1, reporttest.Sweep(20, 60)...),
		"turns":    reporttest.Records(1, reporttest.Load{Run: "rate=5", N: 200, Rate: 5, Slots: 8, Chunks: 8, Turns: 4}),
		"odd":      odd,
		"constant": {{Seq: 1, SentUs: 1e15, LatencyMs: 5, OK: true}, {Seq: 2, SentUs: 1e15, LatencyMs: 5, OK: true}},
	}
}

func TestEveryInputInEveryFormat(t *testing.T) {
	for name, records := range inputs() {
		if page := mustPlot(t, reporttest.Lines(records)); !strings.Contains(page, "</html>") {
			t.Errorf("%s: half a page", name)
		}
		figures := pageOfRecords(t, reporttest.Lines(records), report.Options{}).Figures
		for i := range figures {
			for format, draw := range map[string]func(io.Writer, *chart.Figure) error{
				"svg": chart.SVG, "vega": chart.Vega, "term": func(w io.Writer,
					f *chart.Figure) error {
					return chart.Term(w, f, 80)
				},
			} {
				var out bytes.Buffer
				if err := draw(&out, &figures[i]); err != nil || strings.Contains(out.String(), "NaN") ||
					strings.Contains(out.String(), "Inf") {
					t.Errorf("%s: %s as %s: %v, or a number that is none", name, figures[i].Name, format, err)
				}
			}
		}
	}
}

// TestNoRecords checks that an input without records makes a page, but is an error.
func TestNoRecords(t *testing.T) {
	code, page, stderr := plot(t, nil)
	if code != fault.CodeFail || !strings.Contains(page, "</html>") || stderr != "perf-plot: no records in the input\n" {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestEveryTitleSaysSimulated(t *testing.T) {
	for name, records := range inputs() {
		for line := range strings.Lines(mustPlot(t, reporttest.Lines(records), "--figure", "list")) {
			if simulated := strings.Contains(line, "\tSimulated: "); simulated != (name != "constant") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

func TestOrderOfRecordsDoesNotMatter(t *testing.T) {
	records := reporttest.Records(1, reporttest.Sweep(3, 400)...)
	want := mustPlot(t, reporttest.Lines(records))
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	if mustPlot(t, reporttest.Lines(records)) != want {
		t.Error("the page of shuffled records differs")
	}
}

func TestHostileRecords(t *testing.T) {
	bad := `</script><img src=x onerror=alert(1)>"'<!--` + "\x1b[2J"
	records := reporttest.Records(1, reporttest.Load{Run: bad, N: 40, Rate: 10, Slots: 4, Chunks: 4, Failures: 0.3},
		reporttest.Load{Run: bad + "2", N: 40, Rate: 20, Slots: 4, Chunks: 4})
	for i := range records {
		r := &records[i]
		r.Model, r.Op, r.Mode, r.FinishReason, r.ID = bad, bad, bad, bad, bad
		r.URL = "http://user:password@host/" + bad + "?key=secret"
		r.Labels = map[string]string{bad: bad}
		if r.Error != nil {
			r.Error.Message, r.Error.Kind = bad, bad
		}
	}
	page := mustPlot(t, reporttest.Lines(records))
	plain := mustPlot(t, reporttest.Lines(reporttest.Records(1, reporttest.Sweep(2, 20)...)))
	for _, tag := range []string{"<img", "<script", "</script", "<!--"} {
		if got, want := strings.Count(page, tag), strings.Count(plain, tag); got != want {
			t.Errorf("%d times %s, %d in a page of plain records", got, tag, want)
		}
	}
	if strings.Contains(page, "password") || strings.Contains(page, "secret") {
		t.Error("a secret of the URL stands in the page")
	}
	if out := mustPlot(t, reporttest.Lines(records), "--format", "term"); strings.Contains(out, "\x1b") {
		t.Error("an escape sequence reached the terminal")
	}
}

// TestChinese looks for texts that are not translated.
func TestChinese(t *testing.T) {
	talks := reporttest.Load{Run: "rate=40", N: 60, Rate: 40, Slots: 8, Chunks: 8, Turns: 3, Failures: 0.1}
	page := pageOfRecords(t, reporttest.Lines(reporttest.Records(1, append(reporttest.Sweep(4, 60), talks)...)),
		report.Options{Lang: "zh"})
	kept := regexp.MustCompile(
		`TTFT|TPOT|ITL|SLO|UTC|token|perf-plot|rate=[0-9.]+|p[0-9.]+|ms|http|read_timeout|truncated|sim-7b|Shift|` +
			`#[0-9]+|\bs\b|chat|\bsim\b|happened|1/s`)
	check := func(texts ...string) {
		for _, text := range texts {
			if rest := kept.ReplaceAllString(text, ""); strings.IndexFunc(rest,
				func(r rune) bool { return r < 0x80 && unicode.IsLetter(r) }) >= 0 {
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
		check(tab.Title)
		check(tab.Notes...)
		check(tab.Header...)
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
		for _, f := range pageOfRecords(t, reporttest.Lines(records), report.Options{}).Figures {
			if f.Alt == "" || f.X.Label == "" || f.Y.Label == "" || f.Section == "" {
				t.Errorf("%s: %s lacks its text: alt %q, x %q, y %q", name, f.Name, f.Alt, f.X.Label, f.Y.Label)
			}
		}
	}
}

// pageOfRecords returns the page of one source.
func pageOfRecords(t *testing.T, in []byte, opt report.Options) *chart.Page {
	t.Helper()
	source, err := report.Read(t.Context(), bytes.NewReader(in), "-", "stdin", stats.Options{}, false)
	if err != nil {
		t.Fatal(err)
	}
	return report.Page([]*report.Source{source}, opt)
}

func TestNothingHalfWritten(t *testing.T) {
	out := filepath.Join(t.TempDir(), "page.html")
	if code, _, _ := plot(t, []byte("{\"ok\":true}\nnonsense\n"), "-o", out); code != fault.CodeFail {
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
	in := reporttest.Lines(inputs()["one"])
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--figure", "nope", "--format", "svg"}, `--figure: there is no figure "nope"`},
		{[]string{"--slo", "nonsense"}, "--slo: "},
		{[]string{"--slo", "nope_ms:p99<5"}, "--slo: "},
		{[]string{"--goodput", "nope<5"}, "--goodput: "},
		{[]string{"--figure", "nope"}, `--figure: there is no figure "nope"`},
		{[]string{"--figure", "nope", "--format", "csv"}, `--figure: there is no figure "nope"`},
		{[]string{"--figure", "nope", "--format", "term"}, `--figure: there is no figure "nope"`},
		{[]string{"--format", "svg", "-o", "x.png"}, "--format svg: the name x.png is that of png"},
		{[]string{"-o", "x.pdf"}, "-o x.pdf: no format ends in .pdf"},
		{[]string{"--format", "term", "--width", "0"}, "--width: 0 is below 40"},
		{[]string{"--format", "term", "--width", "39"}, "--width: 39 is below 40"},
		{[]string{"--width", "80"}, "--width: only --format term has columns, not html"},
		{[]string{"--lang", "zh", "-o", "x.png"}, "--lang zh: "},
		{[]string{"--lang", "zh", "--format", "png"}, "--lang zh: "},
		{[]string{"--format", "gif"}, "--format"},
	} {
		if code, _, stderr := plot(t, in, c.args...); code != fault.CodeUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit %d: %s", c.args, code, stderr)
		}
	}
}

// TestEndingChoosesFormat writes to names of every ending.
func TestEndingChoosesFormat(t *testing.T) {
	in := reporttest.Lines(inputs()["one"])
	for name, begin := range map[string]string{
		"a.html": "<!DOCTYPE html>", "a.svg": "<?xml", "a.PNG": "\x89PNG", "a.txt": "Simulated: ",
		"a.csv": "figure,series,", "a.json": "{\n \"$schema\"", "a": "<!DOCTYPE html>",
	} {
		out := filepath.Join(t.TempDir(), name)
		mustPlot(t, in, "-o", out)
		if data, err := os.ReadFile(out); err != nil || !bytes.HasPrefix(data, []byte(begin)) {
			t.Errorf("%s begins with %.20q (%v)", name, data, err)
		}
	}
	out := filepath.Join(t.TempDir(), "a.v2")
	mustPlot(t, in, "--format", "svg", "-o", out)
	if data, _ := os.ReadFile(out); !bytes.HasPrefix(data, []byte("<?xml")) {
		t.Error("a typed format needs no ending")
	}
}

// TestFigureOfPage makes a page with one figure.
func TestFigureOfPage(t *testing.T) {
	if page := mustPlot(t, reporttest.Lines(inputs()["one"]), "--figure", "in-flight"); strings.Count(page,
		"<figure ") != 1 {
		t.Error("the page has other figures, too")
	}
}

// TestTerminalIsNotFlooded checks that a terminal gets text by default, and never HTML or PNG.
func TestTerminalIsNotFlooded(t *testing.T) {
	for _, c := range []struct {
		format, output, want string
		fails                bool
	}{
		{"", "", "term", false}, {"", "-", "html", false}, {"svg", "", "svg", false}, {"html", "", "", true},
		{"png", "", "", true}, {"png", "-", "png", false},
	} {
		f := flags{Format: c.format, Output: c.output}
		if err := f.chooseFormat(true); (err != nil) != c.fails || err == nil && f.Format != c.want {
			t.Errorf("--format %q -o %q: %s, %v", c.format, c.output, f.Format, err)
		}
	}
}

// Of compressed files that were cut off, what could be read is drawn.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	cut := func(name string, lines []byte) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(lines)
		z.Flush()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	load := reporttest.Records(1, reporttest.Load{Run: "rate=5", N: 20, Rate: 5, Slots: 4, Chunks: 8})
	metrics := fmt.Appendf(nil, `{"at_us":%d,"source":"m","metrics":{"running":1}}`+"\n", load[0].ScheduledUs)
	records, samples := cut("r.jsonl.gz", reporttest.Lines(load)), cut("m.jsonl.gz", metrics)
	code, stdout, stderr := plot(t, nil, "--figure", "list", "--metrics", samples, records)
	const note = ": the compressed data are damaged or cut off: unexpected EOF: what could be read counts\n"
	if want := "perf-plot: " + records + note + "perf-plot: --metrics: " + samples + note; code != 0 || stderr != want ||
		!strings.Contains(stdout, "ttft") {
		t.Errorf("exit %d: %s\n%swant %s", code, stdout, stderr, want)
	}
}
