package report

import (
	"math"
	"slices"
	"strings"
	"testing"

	"perfpipe/internal/chart"
	"perfpipe/internal/prompage"
	"perfpipe/internal/report/reporttest"
	"perfpipe/internal/servermetrics"
)

func TestSeries(t *testing.T) {
	records := reporttest.Records(1, reporttest.Load{Run: "rate=10", N: 50, Rate: 10, Slots: 4, Chunks: 8})
	l := &prompage.Log{}
	at := func(second int64) int64 { return records[0].SentUs + second*1e6 }
	for i, d := range []prompage.Delta{
		{Series: []prompage.Series{
			{ID: 0, Name: "size", Type: prompage.Gauge, Labels: map[string]string{"engine": "0", "model": "m"}},
			{ID: 1, Name: "size", Type: prompage.Gauge, Labels: map[string]string{"engine": "1", "model": "m"}},
			{ID: 2, Name: "a:b_total", Type: prompage.Counter, Labels: map[string]string{"model": "m"}},
			{ID: 3, Name: "time", Type: prompage.Histogram, Le: []float64{1, 2}},
			{ID: 4, Name: "other", Type: prompage.Gauge},
		}, Values: map[string][]float64{"0": {1}, "1": {2}, "2": {10}, "3": {0}, "4": {9}}},
		{Values: map[string][]float64{"0": {3}, "2": {14}, "3": {6, 1, 4}}},
		{},
	} {
		if err := l.Add(at(int64(i)), d); err != nil {
			t.Fatal(err)
		}
	}
	accept, err := prompage.Matching("size|b_total|time")
	if err != nil {
		t.Fatal(err)
	}
	r := newReport([]*Source{sourceOf(t, reporttest.Lines(records))}, Options{
		Server: &servermetrics.File{Pages: []*servermetrics.Page{{Source: "http://h/metrics", Log: l}}}, Series: accept,
	})
	var got []string
	lines := map[string]chart.Series{}
	for _, f := range series(r) {
		got = append(got, f.Name)
		for _, s := range f.Series {
			got = append(got, "  "+s.Name)
			lines[f.Name+" "+s.Name] = s
		}
	}
	want := "metric-size|  {engine=\"0\"}|  {engine=\"1\"}|metric-a-b-total|  a:b_total|" +
		"metric-time|  mean|  p50|  p99"
	if strings.Join(got, "|") != want {
		t.Errorf("%s, want %s", strings.Join(got, "|"), want)
	}
	if s := lines[`metric-size {engine="0"}`]; !slices.Equal(s.Y, chart.Column{1, 3, 3}) {
		t.Errorf("a gauge: %v", s.Y)
	}
	if s := lines["metric-a-b-total a:b_total"]; !slices.Equal(s.Y, chart.Column{4, 0, 0}) {
		t.Errorf("a counter: %v at %v", s.Y, s.X)
	}
	if s := lines["metric-time mean"]; len(s.Y) != 3 || s.Y[0] != 1.5 || s.Y[1] != 1.5 || !math.IsNaN(s.Y[2]) {
		t.Errorf("a histogram: %v", s.Y)
	}
}
