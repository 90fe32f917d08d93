package track

import (
	"reflect"
	"strings"
	"testing"

	"perfpipe/internal/group"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// TestLayout checks the names, axes and steps under which load points are logged.
func TestLayout(t *testing.T) {
	type logged struct {
		point, axis string
		step        int64
	}
	const requests = axisName
	mixed := collect(2, 4, 8)
	mixed.Blocks[1].Rate, mixed.Blocks[1].Parallel = 0, 8
	for name, c := range map[string]struct {
		logs   []*stats.Summary // the last one is final
		levels bool
		want   []logged
	}{
		"one load point": {[]*stats.Summary{collect(2, 4), collect(3, 4)}, false,
			[]logged{{"", requests, 2}, {"", requests, 3}}},
		"a sweep": {[]*stats.Summary{collect(2, 4), collect(3, 4, 8), collect(3, 4, 8)}, true,
			[]logged{{"", requestRate, 4}, {"live", requests, 6}, {"", requestRate, 8}}},
		"a sweep in a file of a former version": {[]*stats.Summary{collect(2, 4, 8)}, false,
			[]logged{{"", requestRate, 4}, {"", requestRate, 8}}},
		"rates that are not whole": {[]*stats.Summary{collect(2, 0.5, 1, 1.5)}, true,
			[]logged{{"", requestRate, 1}, {"", requestRate, 2}, {"", requestRate, 3}}},
		"a second load point that nobody announced": {[]*stats.Summary{collect(2, 4), collect(2, 4, 8)}, false,
			[]logged{{"", requests, 2}, {"rate=8", requests, 2}}},
		"a rate and a concurrency": {[]*stats.Summary{mixed}, false,
			[]logged{{"rate=4", requests, 2}, {"rate=8", requests, 2}}},
		"nothing": {[]*stats.Summary{collect(0)}, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var l layout
			var got []logged
			for i, s := range c.logs {
				for _, e := range l.events(s, c.levels, i == len(c.logs)-1) {
					got = append(got, logged{e.Point, e.Axis, e.Step})
				}
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// TestHeadlinesFirst checks the figures that a tracker shows first, and all those of the present level.
func TestHeadlinesFirst(t *testing.T) {
	want := []string{
		"Output Throughput (tok/s)", "Req Throughput (req/s)", "Avg TTFT (ms)", "P99 TTFT (ms)", "Avg TPOT (ms)",
		"Avg Latency (s)", "P99 Latency (s)", "Success Rate (%)",
	}
	names := func(v values) (out []string) {
		for _, f := range v {
			out = append(out, f.name)
		}
		return out
	}
	b := &collect(3, 4).Blocks[0]
	if got := names(running(b).Values); !reflect.DeepEqual(got[:8], want) {
		t.Errorf("first are %q", got[:8])
	}
	e := live(b, 12)
	want = append(want, axisName, requestRate)
	if got := names(e.Values); !reflect.DeepEqual(got, want) || e.Values.get(axisName) != 12 {
		t.Errorf("live are %q", got)
	}
}

func TestLongNames(t *testing.T) {
	b := &stats.Block{Group: []group.Value{{Key: "labels.t", Value: strings.Repeat("é", 300)}}}
	c := &stats.Block{Group: []group.Value{{Key: "labels.t", Value: strings.Repeat("é", 299)}}, Simulated: true}
	x, y := pointName(b), pointName(c)
	if len([]rune(x)) != pointLimit || x == y || !strings.HasSuffix(y, " "+simulated) {
		t.Errorf("%d characters: %s and %s", len([]rune(x)), x, y)
	}
	for _, f := range append(figures(&collect(3, 4).Blocks[0]), tails(&collect(3, 4).Blocks[0])...) {
		if n := len([]rune(y + "/" + f.name)); n > nameLimit {
			t.Errorf("%s has %d characters with a load point", f.name, n)
		}
	}
}

// TestSettings checks the configuration that follows from records.
func TestSettings(t *testing.T) {
	var s settings
	for i := range 30 {
		s.add(&record.Record{Number: 20, Sweep: true, Labels: map[string]string{
			"dataset": "openqa", "max_tokens": "64", "tenant": string(rune('a' + i%2)), "id": strings.Repeat("x", i),
		}})
	}
	want := map[string]any{
		"dataset": "openqa", "max_tokens": int64(64), "tenant": []any{"a", "b"}, "number": 20, "rate": []any{4.0, 8.0},
		"model": "org/tiny", "mode": "open",
	}
	if got := s.config(collect(2, 4, 8)); !reflect.DeepEqual(got, want) || !s.isSweep() {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// get returns the value of a name, or 0.
func (v values) get(name string) float64 {
	for _, f := range v {
		if f.name == name {
			return f.value
		}
	}
	return 0
}
