package prompage

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const s = 1_000_000 // µs

func parse(t testing.TB, page string) map[string]*dto.MetricFamily {
	t.Helper()
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// through returns what a line of a metrics file keeps of a Delta.
func through(t testing.TB, d Delta) Delta {
	t.Helper()
	line, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var out Delta
	if err := json.Unmarshal(line, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// logOf returns the log of pages, one each second from the second 0.
func logOf(t testing.TB, pages ...string) *Log {
	t.Helper()
	var e Encoder
	var l Log
	for i, page := range pages {
		if err := l.Add(int64(i)*s, through(t, e.Encode(parse(t, page)))); err != nil {
			t.Fatal(err)
		}
	}
	return &l
}

// busy changes a page as a loaded server does in a second: about a hundred requests end.
func busy(page map[string]*dto.MetricFamily, rng *rand.Rand) {
	for _, name := range slices.Sorted(maps.Keys(page)) {
		for _, m := range page[name].Metric {
			switch {
			case m.Gauge != nil && !strings.HasSuffix(name, "_created"):
				m.Gauge.Value = new(m.Gauge.GetValue() + rng.Float64())
			case m.Counter != nil:
				m.Counter.Value = new(m.Counter.GetValue() + float64(rng.IntN(5000)))
			case m.Histogram != nil:
				observe(m.Histogram, rng)
			}
		}
	}
}

// observe adds a hundred values around one bucket.
func observe(h *dto.Histogram, rng *rand.Rand) {
	h.SampleSum = new(h.GetSampleSum() + 10*rng.Float64())
	h.SampleCount = new(h.GetSampleCount() + 100)
	at := rng.IntN(len(h.Bucket))
	for i, n := range []uint64{10, 30, 70, 90, 100} {
		if b := at + i; b < len(h.Bucket) {
			end := len(h.Bucket)
			if i < 4 {
				end = b + 1
			}
			for _, bucket := range h.Bucket[b:end] {
				bucket.CumulativeCount = new(bucket.GetCumulativeCount() + n)
			}
		}
	}
}

func vllm(t testing.TB) map[string]*dto.MetricFamily {
	t.Helper()
	page, err := os.ReadFile("testdata/vllm.prom")
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(page))
}

// A log has exactly what was on each page of a loaded server.
func TestRoundTrip(t *testing.T) {
	page, rng := vllm(t), rand.New(rand.NewPCG(1, 2))
	var e Encoder
	var l Log
	want := map[string][]float64{}
	const pages = 5
	for i := range pages {
		busy(page, rng)
		if err := l.Add(int64(i), through(t, e.Encode(page))); err != nil {
			t.Fatal(err)
		}
		for name, family := range page {
			for _, p := range flatten(name, family) {
				key := p.series.key()
				want[key] = append(append(want[key], p.value.num), p.value.counts...)
			}
		}
	}
	got := map[string][]float64{}
	for series, p := range l.Points() {
		key := series.key()
		got[key] = append(got[key], p.Value)
		below := 0.
		for _, n := range p.Buckets {
			got[key] = append(got[key], n-below)
			below = n
		}
	}
	if len(got) != len(want) || len(got) < 100 {
		t.Errorf("%d series, want %d", len(got), len(want))
	}
	for key, list := range want {
		if !slices.Equal(got[key], list) {
			t.Errorf("%s: %v, want %v", key, got[key], list)
		}
	}
}

// An hour of vLLM's page under load, a page each second, takes less than 20 MB: so does a quarter of it of 5 MB.
func TestAnHourIsSmall(t *testing.T) {
	page, rng := vllm(t), rand.New(rand.NewPCG(1, 2))
	var e Encoder
	size := 0
	for range 900 {
		busy(page, rng)
		line, err := json.Marshal(e.Encode(page))
		if err != nil {
			t.Fatal(err)
		}
		size += len(line)
	}
	const limit = (20e6 - 3600*500) / 4 // the other members of a line take less than 500 bytes
	if t.Logf("%.1f MB", float64(size)/1e6); size > limit {
		t.Errorf("%d bytes", size)
	}
}

const (
	first = `# TYPE running gauge
running 2
# TYPE done counter
done{reason="stop"} 10
# TYPE time histogram
time_bucket{le="0.1"} 5
time_bucket{le="0.2"} 5
time_bucket{le="+Inf"} 5
time_sum 0.25
time_count 5
`
	second = `# TYPE running gauge
running 4
# TYPE done counter
done{reason="stop"} 14
done{reason="length"} 6
# TYPE time histogram
time_bucket{le="0.1"} 5
time_bucket{le="0.2"} 13
time_bucket{le="+Inf"} 15
time_sum 2.25
time_count 15
`
	restarted = `# TYPE running gauge
running 0
# TYPE done counter
done{reason="stop"} 3
# TYPE time histogram
time_bucket{le="0.1"} 2
time_bucket{le="0.2"} 2
time_bucket{le="+Inf"} 2
time_sum 0.1
time_count 2
`
)

func TestFigures(t *testing.T) {
	const other = "# TYPE old gauge\nold 1\n"
	for name, c := range map[string]struct {
		pages    []string
		from, to int64
		want     string
	}{
		"between two pages": {[]string{first, second}, 0, s, `[
			{"name":"done","labels":{"reason":"stop"},"type":"counter","delta":4,"per_s":4},
			{"name":"done","labels":{"reason":"length"},"type":"counter","delta":6,"per_s":6},
			{"name":"running","type":"gauge","mean":3,"p50":2,"p99":4,"max":4},
			{"name":"time","type":"histogram","delta":10,"per_s":10,"mean":0.2,"p50":0.1625,"p99":0.2,"p50_in":[0.1,0.2],"p99_in":[0.2]}]`},
		"a restart counts from zero": {[]string{second, restarted}, 0, s, `[
			{"name":"done","labels":{"reason":"stop"},"type":"counter","delta":3,"per_s":3},
			{"name":"running","type":"gauge","mean":2,"p50":0,"p99":4,"max":4},
			{"name":"time","type":"histogram","delta":2,"per_s":2,"mean":0.05,"p50":0.05,"p99":0.099,"p50_in":[0,0.1],"p99_in":[0,0.1]}]`},
		"totals of the pages around": {[]string{first, first, second, second}, s + 1, 2*s - 1, `[
			{"name":"done","labels":{"reason":"stop"},"type":"counter","delta":4,"per_s":4},
			{"name":"done","labels":{"reason":"length"},"type":"counter","delta":6,"per_s":6},
			{"name":"running","type":"gauge","mean":3,"p50":2,"p99":4,"max":4},
			{"name":"time","type":"histogram","delta":10,"per_s":10,"mean":0.2,"p50":0.1625,"p99":0.2,"p50_in":[0.1,0.2],"p99_in":[0.2]}]`},
		"nothing happened": {[]string{first, first}, 0, s, `[
			{"name":"done","labels":{"reason":"stop"},"type":"counter","delta":0,"per_s":0},
			{"name":"running","type":"gauge","mean":2,"p50":2,"p99":2,"max":2},
			{"name":"time","type":"histogram","delta":0,"per_s":0}]`},
		"a series that ended":   {[]string{other, "x 1\n", "x 1\n"}, s, 2 * s, `[{"name":"x","type":"gauge","mean":1,"p50":1,"p99":1,"max":1}]`},
		"a time before all":     {[]string{first}, -2, -1, `null`},
		"not a number":          {[]string{"x NaN\ny 1\n"}, 0, s, `[{"name":"y","type":"gauge","mean":1,"p50":1,"p99":1,"max":1}]`},
		"a summary":             {[]string{"# TYPE x summary\nx{quantile=\"0.5\"} 3\nx_sum 7\nx_count 2\n"}, 0, 0, `[{"name":"x","labels":{"quantile":"0.5"},"type":"gauge","mean":3,"p50":3,"p99":3,"max":3},{"name":"x_count","type":"counter","delta":0},{"name":"x_sum","type":"counter","delta":0}]`},
		"untyped, but a total":  {[]string{"x_total 1\n", "x_total 3\n"}, 0, s, `[{"name":"x_total","type":"counter","delta":2,"per_s":2}]`},
		"a histogram of no sum": {[]string{"# TYPE x histogram\nx_bucket{le=\"+Inf\"} 1\nx_sum NaN\nx_count 1\n"}, 0, s, `null`},
	} {
		got, err := json.Marshal(logOf(t, c.pages...).Figures(c.from, c.to, nil))
		var want bytes.Buffer
		if err := json.Compact(&want, []byte(c.want)); err != nil {
			t.Fatal(name, err)
		}
		if err != nil || string(got) != want.String() {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, got, &want)
		}
	}
}

// Another process that writes on has a list of its own. Totals go on.
func TestAnotherList(t *testing.T) {
	var l Log
	for i, page := range []string{second + "gone 1\n", "# TYPE a gauge\na 1\n" + second, first + "b 2\n"} {
		var e Encoder
		if err := l.Add(int64(i)*s, through(t, e.Encode(parse(t, page)))); err != nil {
			t.Fatal(err)
		}
	}
	named := func(name string) func(*Series) bool { return func(s *Series) bool { return s.Name == name } }
	if f := l.Figures(0, s, named("time")); len(f) != 1 || *f[0].Delta != 0 {
		t.Errorf("%+v", f)
	}
	if f := l.Figures(s, 2*s, named("gone")); f != nil {
		t.Errorf("a series of the first list: %+v", f)
	}
	if f := l.Figures(2*s, 2*s, named("b")); len(f) != 1 || *f[0].Mean != 2 {
		t.Errorf("%+v", f)
	}
}

func TestAddRefuses(t *testing.T) {
	const series = `"series":[{"id":0,"name":"a","type":"gauge"},{"id":1,"name":"h","type":"histogram","le":[1]}]`
	for line, want := range map[string]string{
		`{"values":{"0":[1]}}`:                                           `values: there is no series "0"`,
		`{` + series + `,"values":{"x":[1]}}`:                            `values: there is no series "x"`,
		`{` + series + `,"values":{"0":[1,2]}}`:                          `values: a takes one number`,
		`{` + series + `,"values":{"1":[1,0]}}`:                          `values: h takes a sum, and an index and a count for each bucket`,
		`{` + series + `,"values":{"1":[1,2,0]}}`:                        `values: h has no bucket 2`,
		`{"series":[{"id":0,"type":"gauge"}]}`:                           `series 0: no name`,
		`{"series":[{"id":0,"name":"a"}]}`:                               `series 0: type is ""`,
		`{"series":[{"id":0,"name":"a","type":"histogram","le":[2,1]}]}`: `series 0: le is not in order`,
	} {
		var d Delta
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		if err := new(Log).Add(1, d); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}

func TestMatching(t *testing.T) {
	histogram := &Series{Name: "vllm:time_seconds", Type: Histogram, Labels: map[string]string{"engine": "0"}}
	counter := &Series{Name: "a_total", Type: Counter}
	created := &Series{Name: "a_created", Type: Gauge}
	for _, c := range []struct {
		expr   string
		series *Series
		want   bool
	}{
		{".", counter, true}, {"^a", counter, true}, {"b", counter, false}, {"^a_total$", counter, true},
		{"engine=\"0\"", histogram, true}, {"time_seconds_bucket", histogram, true}, {"_sum$", histogram, true},
		{".", created, false}, {"a_created", created, true},
	} {
		match, err := Matching(c.expr)
		if err != nil || match(c.series) != c.want {
			t.Errorf("%s of %s: %v", c.expr, c.series.Text(), err)
		}
	}
	if _, err := Matching("("); err == nil {
		t.Error("( is an expression")
	}
}

func TestCurves(t *testing.T) {
	l := logOf(t, first, second, second)
	all := func(*Series) bool { return true }
	got := map[string][]float64{}
	for _, c := range l.Curves(all) {
		got[c.Text()] = c.Values
	}
	// NaN is not equal to itself.
	if v := got[`done{reason="stop"}`]; !slices.Equal(v, []float64{4, 0}) {
		t.Errorf("done: %v", v)
	}
	if v := got["running"]; !slices.Equal(v, []float64{2, 4, 4}) {
		t.Errorf("running: %v", v)
	}
	if v := got["time"]; len(v) != 2 || v[0] != 0.2 || v[1] == v[1] {
		t.Errorf("time: %v", v)
	}
}

// FuzzAdd holds that lines of any content are an error or a log, of which everything can be asked.
func FuzzAdd(f *testing.F) {
	f.Add(`{"series":[{"id":0,"name":"h","type":"histogram","le":[1,2]}],"values":{"0":[3,1,2]}}`, `{"values":{"0":[]}}`)
	f.Add(`{"series":[{"id":0,"name":"a","type":"counter"},{"id":7,"name":"b","type":"gauge"}]}`, `{"values":{"7":[1e300]}}`)
	f.Fuzz(func(t *testing.T, a, b string) {
		var l Log
		for i, line := range []string{a, b, a} {
			var d Delta
			if json.Unmarshal([]byte(line), &d) != nil || l.Add(int64(i)*s, d) != nil {
				return
			}
		}
		if _, err := json.Marshal(l.Figures(0, 2*s, nil)); err != nil {
			t.Error(err)
		}
		l.Curves(func(*Series) bool { return true })
		for range l.Points() {
			continue
		}
	})
}
