package schedule

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for spec, want := range map[string]Pacer{
		"poisson": Poisson(4, 1), "constant": Constant(4), "gamma:0.5": Gamma(4, 0.5, 1), "ramp:1-50/2": Ramp(1, 50, 2*time.Second),
	} {
		got, err := Parse(spec, 4, 1)
		if err != nil || !slices.Equal(take(got, 20), take(want, 20)) {
			t.Errorf("%s: %v", spec, err)
		}
		if HasRates(spec) != (spec == "ramp:1-50/2") {
			t.Errorf("HasRates(%s)", spec)
		}
	}
	for spec, want := range map[string]string{
		"uniform": `"uniform" is not known`, "constant:5": `"constant:5" is not known`,
		"gamma": `"" is not a burstiness above 0`, "gamma:-1": `"-1" is not a burstiness above 0`,
		"ramp:1-50": `"1-50" is not FROM-TO/TIME, such as 1-50/60s`, "ramp:0-0/1s": `"0-0/1s" is not FROM-TO/TIME, such as 1-50/60s`,
	} {
		if _, err := Parse(spec, 4, 1); err == nil || err.Error() != want {
			t.Errorf("%s: %v", spec, err)
		}
	}
}

func Example() {
	// The first five of 2 requests/s, evenly spaced.
	for offset := range Constant(2) {
		if offset > 2*time.Second {
			break
		}
		fmt.Println(offset)
	}
	// Output:
	// 0s
	// 500ms
	// 1s
	// 1.5s
	// 2s
}

func ExampleParse() {
	ramp, err := Parse("ramp:0-4/2s", 0, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for offset := range ramp { // a ramp ends; other processes do not
		fmt.Println(offset.Round(time.Millisecond))
	}
	// Output:
	// 0s
	// 1s
	// 1.414s
	// 1.732s
	// 2s
}
