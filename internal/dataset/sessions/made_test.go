package sessions

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// A shape of fixed numbers leaves nothing to chance.
func TestMade(t *testing.T) {
	for _, c := range []struct{ name, shape, want string }{
		{"chain", `{"calls":3,"fork_share":0}`, "agent-0: 0[150/7] 1<0+2000~0[10/7] 2<1+2000~1[10/7]"},
		{"forks join", `{"calls":2,"fork_share":1,"fan_out":2,"fork_calls":1}`,
			"agent-0: 0[150/7] sub-1/0<0[150/7] sub-2/0<0[150/7] 1<sub-1/0,sub-2/0+2000~0[10/7]"},
		{"forks of forks", `{"calls":2,"fork_share":1,"fan_out":1,"fork_calls":2,"depth":2}`,
			"agent-0: 0[150/7] sub-1/0<0[150/7] sub-2/0<sub-1/0[150/7] sub-2/1<sub-2/0+2000~sub-2/0[10/7] " +
				"sub-1/1<sub-2/1+2000~sub-1/0[10/7] 1<sub-1/1+2000~0[10/7]"},
		{"a user", `{"calls":2,"fork_share":0,"human_share":1}`, "agent-0: 0[150/7] 1<0+60000~0[10/7]"},
		{"compaction", `{"calls":4,"fork_share":0,"context":200,"kept":0.5}`, // 150+7, +17, +17, and 191+17 are too many
			"agent-0: 0[150/7] 1<0+2000~0[10/7] 2<1+2000~1[10/7] 3<2+2000[105/7]"},
	} {
		s := DefaultShape()
		for _, args := range []string{`{"system":128,"task":22,"new":10,"answer":7,"tool_s":2,"human_s":60,"human_share":0}`, c.shape} {
			if err := s.Parse(gjson.Parse(args)); err != nil {
				t.Fatal(err)
			}
		}
		if got := outline(s.Session(1, 0)); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

// Sessions share the blocks of the system's prefix, and agents nothing else.
func TestMadePrefix(t *testing.T) {
	s := DefaultShape()
	a, b := s.Session(1, 0).Calls[0].Blocks, s.Session(1, 1).Calls[0].Blocks
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	if n != s.System/madeBlock {
		t.Errorf("%d blocks are shared, want %d", n, s.System/madeBlock)
	}
}

// The default shape is a valid graph, the same each time, whose medians are those that were asked for.
func TestMadeDefaults(t *testing.T) {
	s := DefaultShape()
	var added, calls []float64
	for i := range int64(200) {
		one := s.Session(7, i)
		if err := valid(one); err != nil {
			t.Fatal(err)
		}
		if outline(one) != outline(s.Session(7, i)) {
			t.Fatalf("session %d differs the second time", i)
		}
		main := 0
		for _, c := range one.Calls {
			if c.Agent == "" {
				main++
			}
			if c.History >= 0 {
				added = append(added, float64(c.In))
			}
		}
		calls = append(calls, float64(main))
	}
	for _, c := range []struct {
		values     []float64
		want, near float64
	}{{added, s.New.P50, 0.05}, {calls, s.Calls.P50, 0.25}} {
		slices.Sort(c.values)
		if got := c.values[len(c.values)/2]; math.Abs(got/c.want-1) > c.near {
			t.Errorf("a median of %g, want %g", got, c.want)
		}
	}
}

func TestShapeErrors(t *testing.T) {
	for in, want := range map[string]string{
		`{"calls":[5,3]}`: "calls: neither a number nor [median, 90th percentile]", `{"calls":"x"}`: "calls: not a number",
		`{"kept":2}`: "kept: not a share", `{"depth":1.5}`: "depth: not a whole number", `{"depth":99}`: "depth: at most 32",
		`{"fan_out":[0,3]}`: "fan_out: neither a number nor [least, most]", `{"system":-1}`: "system: not a number",
	} {
		s := DefaultShape()
		if err := s.Parse(gjson.Parse(in)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}
