package format

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"perfpipe/internal/compare"
	"perfpipe/internal/dist"
	"perfpipe/internal/gate"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1234: "1,234", 12345.6: "12,346", 12.3456: "12.35", 0.0812345: "0.08123", 100: "100", -1234.5: "-1,234",
		1e-15: "0", 2.54e-7: "0.000000254", math.Inf(1): "∞", math.NaN(): "–",
	} {
		if got := number(dist.Num(v)); got != want && v == v {
			t.Errorf("Number(%v) = %q, want %q", v, got, want)
		}
	}
	if got := number(dist.Num(math.NaN())); got != "–" {
		t.Errorf("Number(NaN) = %q", got)
	}
}

// TestJudged checks that the value of a gate is not rounded across its bound.
func TestJudged(t *testing.T) {
	for _, c := range []struct {
		gate string
		v    dist.Num
		want string
	}{
		{"ok>=1", 0.99999, "0.99999"}, {"ok>=1", 0.5, "0.5"}, {"ok<1", 0.99999, "0.99999"}, {"ok>=0.9", 0.99999, "1"},
		{"ttft_ms:p99<=500", 500.004, "500.004"}, {"ttft_ms:p99<500", 1234.56, "1,235"}, {"ttft_ms:p99<500", 285.123, "285.1"},
		{"cache_hit>=0", dist.NaN(), "–"},
	} {
		g, err := gate.Parse(c.gate)
		if err != nil {
			t.Fatal(err)
		}
		if got := judged(g.Judge(c.v)); got != c.want {
			t.Errorf("%s of %v: %s, want %s", c.gate, c.v, got, c.want)
		}
	}
}

func TestSeconds(t *testing.T) {
	for v, want := range map[float64]string{0.0000005: "0.5 µs", 0.25: "250 ms", 1: "1 s", 90: "90 s"} {
		if got := seconds(dist.Num(v)); got != want {
			t.Errorf("seconds(%v) = %q, want %q", v, got, want)
		}
	}
}

// TestNotes checks that every format has the notes of a block, also of one without distributions.
func TestNotes(t *testing.T) {
	c := stats.New(stats.Options{})
	c.Add(&record.Record{Phase: record.PhaseWarmup, OK: true})
	for _, name := range []string{"table", "markdown", "html", "csv", "junit", "json", "prometheus"} {
		want := "all 1 records are of the warm-up"
		if name == "prometheus" {
			want = `perfpipe_notes{run="",models="",ops=""} 1`
		}
		var b bytes.Buffer
		f, _ := Named(name)
		if err := f.Summary(&b, c.Summary(), Options{}); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%s: %v, %q", name, err, b.String())
		}
	}
}

// TestNotesOfComparison checks that the CSV of a comparison has its notes.
func TestNotesOfComparison(t *testing.T) {
	var b bytes.Buffer
	f, _ := Named("csv")
	err := f.Comparison(&b, &compare.Comparison{Notes: []string{"rate=5: only the old side has it"}}, Options{})
	if lines := strings.Split(b.String(), "\n"); err != nil ||
		lines[1] != ",note,,,,,,,,,,,,,rate=5: only the old side has it," {
		t.Errorf("%v, %q", err, lines)
	}
}

// TestFormats writes an empty summary in every format, by its name.
func TestFormats(t *testing.T) {
	endings := map[string]bool{}
	for _, f := range All() {
		if got, ok := Named(f.Name); !ok || got.Ending != f.Ending {
			t.Errorf("Named(%q) = %v, %v", f.Name, got.Name, ok)
		}
		if f.Summary == nil { // vllm
			if f.Definitions == nil || f.Ending != "" {
				t.Errorf("%s: no function, or the ending %q", f.Name, f.Ending)
			}
			continue
		}
		if !strings.HasPrefix(f.Ending, ".") || endings[f.Ending] {
			t.Errorf("%s: the ending %q", f.Name, f.Ending)
		}
		endings[f.Ending] = true
		if err := f.Summary(new(bytes.Buffer), stats.New(stats.Options{}).Summary(), Options{}); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	if _, ok := Named("pdf"); ok {
		t.Error("pdf is a format")
	}
	names, last := Help()
	if !strings.HasPrefix(names, "table, json") || !strings.HasSuffix(last, " or .xml") {
		t.Errorf("the help has %q and %q", names, last)
	}
}
