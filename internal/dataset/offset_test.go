package dataset

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"perfpipe/internal/dataset/body"
)

// A session is not torn: what is written waits for nothing that is not, and its lines keep their order.
func TestSessionsStayWhole(t *testing.T) {
	file := write(t, "f.jsonl", strings.Join([]string{
		`{"custom_id":"a","at_ms":5,"session":"s","body":{"prompt":"a"}}`,
		`{"custom_id":"x","at_ms":7,"session":"t","body":{"prompt":"x"}}`,
		`{"custom_id":"b","session":"s","after":["a"],"body":{"prompt":"b"}}`,
		`{"custom_id":"c","session":"s","history":"b","body":{"messages":[]}}`,
		`{"custom_id":"d","session":"s","body":{"prompt":"d"}}`,
		`{"custom_id":"y","session":"t","after":["x"],"body":{"prompt":"y"}}`,
		`{"custom_id":"b","at_ms":9,"session":"u","body":{"prompt":"z"}}`,
	}, "\n"))
	read := func(o Options) (ids, times []string, said []string) {
		o.Paths, o.Number = []string{file}, All
		o.Tell = func(_, _, format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
		lines, errs := gather(t, "trace", &o, &body.Shape{})
		if errs != nil {
			t.Fatal(errs)
		}
		for _, line := range lines {
			ids = append(ids, gjson.Get(line, "session").Str+gjson.Get(line, "custom_id").Str)
			times = append(times, gjson.Get(line, "at_ms").Raw)
		}
		return ids, times, said
	}
	ids, times, said := read(Options{Offset: 1})
	if !slices.Equal(ids, []string{"tx", "sd", "ty", "ub"}) || !slices.Equal(times, []string{"0", "", "", "2"}) ||
		!slices.Contains(said, "2 requests after the first 1 left out: they wait for some of those") {
		t.Errorf("%q at %q, %q", ids, times, said)
	}
	orders := map[string]bool{}
	for seed := range uint64(20) {
		ids, _, _ := read(Options{Shuffle: true, Seed: seed})
		orders[strings.Join(ids, " ")] = true
	}
	want := map[string]bool{}
	s, u, x := "sa sb sc sd", "ub", "tx ty"
	for _, p := range [][]string{{s, u, x}, {s, x, u}, {u, s, x}, {u, x, s}, {x, s, u}, {x, u, s}} {
		want[strings.Join(p, " ")] = true
	}
	if len(orders) < 4 {
		t.Errorf("20 seeds have the orders %v", orders)
	}
	for order := range orders {
		if !want[order] {
			t.Errorf("order %s", order)
		}
	}
}
