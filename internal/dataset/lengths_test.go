package dataset

import (
	"math"
	"strings"
	"testing"

	"perfpipe/internal/dataset/synth"
)

func draws(t *testing.T, o *Options, n int) (in, out []int) {
	t.Helper()
	l, err := o.lengths()
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		a, b := l(synth.NewRand(1, uint64(i)))
		in, out = append(in, a), append(out, b)
	}
	return in, out
}

func TestDistributions(t *testing.T) {
	const lo, hi, n = 10, 40, 4000
	mean := func(all []int) float64 {
		sum := 0
		for _, v := range all {
			if v < lo || v > hi {
				t.Fatalf("%d is not within %d and %d", v, lo, hi)
			}
			sum += v
		}
		return float64(sum) / float64(len(all))
	}
	zipf, of := 0.0, 0.0
	for k := lo; k <= hi; k++ {
		zipf += float64(k) / float64(k-lo+1)
		of += 1 / float64(k-lo+1)
	}
	for dist, c := range map[string]struct{ mean, sd float64 }{
		"": {25, 9}, "uniform": {25, 9}, "fixed": {40, 0}, "normal": {25, 5}, "normal:20/2": {20, 2}, "normal:25/0": {25, 0},
		"normal:25/1e3": {25, 9}, "zipf": {zipf / of, 8.5}, "zipf:0": {25, 9},
	} {
		in, out := draws(t, &Options{MinPrompt: ptr(lo), MaxPrompt: ptr(hi), Distribution: dist}, n)
		if got, off := mean(in), 5*c.sd/math.Sqrt(n); math.Abs(got-c.mean) > off {
			t.Errorf("%s: mean %.3f, want %.3f ± %.3f", dist, got, c.mean, off)
		}
		if out[0] != -1 {
			t.Errorf("%s: %d tokens out", dist, out[0])
		}
	}
}

func TestMixture(t *testing.T) {
	in, out := draws(t, &Options{Lengths: "70%:128/64, 30%:1000-1001/512"}, 10000)
	short := 0
	for i := range in {
		switch {
		case in[i] == 128 && out[i] == 64:
			short++
		case (in[i] == 1000 || in[i] == 1001) && out[i] == 512:
		default:
			t.Fatalf("%d in, %d out", in[i], out[i])
		}
	}
	if short < 6800 || short > 7200 { // four standard deviations
		t.Errorf("%d of 10000 are short", short)
	}
}

func TestLengthsRefused(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Lengths: "70%:1/2"}, "the shares make 70%"},
		{Options{Lengths: "x%:1/2"}, `"x%" is not a share`},
		{Options{Lengths: "100%:1"}, "want SHARE%:IN/OUT"},
		{Options{Lengths: "0/3"}, `"0" is not a number of tokens`},
		{Options{Lengths: "5-4/3"}, `"5-4" is not a number of tokens`},
		{Options{MinPrompt: ptr(-1)}, "min-prompt-length: -1 is negative"},
		{Options{MaxPrompt: ptr(0)}, "max-prompt-length: 0 leaves nothing to send"},
		{Options{MinPrompt: ptr(9), MaxPrompt: ptr(8)}, "min-prompt-length and max-prompt-length: 9 is more than 8"},
		{Options{Lengths: "1/1", MaxPrompt: ptr(8)}, "lengths: a mixture has lengths of its own"},
		{Options{MaxPrompt: ptr(9), Distribution: "normal:10/1"}, "the mean between 1 and 9"},
		{Options{Distribution: "zipf:x"}, "want zipf:S"},
	} {
		if _, err := c.o.lengths(); err == nil || !strings.Contains(shown(err), c.want) {
			t.Errorf("%+v: %v, want %s", c.o, err, c.want)
		}
	}
}

// The mean of a normal distribution within limits, against draws of it.
func TestNormalMean(t *testing.T) {
	for _, c := range []struct {
		mean, sd float64
		lo, hi   int
	}{{50, 10, 1, 100}, {10, 20, 1, 100}, {90, 40, 1, 100}, {50, 1e9, 1, 100}, {50, 0, 1, 100}} {
		r, sum, n := synth.NewRand(1), 0, 20000
		for range n {
			sum += truncatedNormal(r, c.mean, c.sd, c.lo, c.hi)
		}
		if drawn, got := float64(sum)/float64(n), normalMean(c.mean, c.sd, c.lo, c.hi); math.Abs(drawn-got) > 0.8 {
			t.Errorf("normal:%g/%g in %d to %d: mean %g, drawn %g", c.mean, c.sd, c.lo, c.hi, got, drawn)
		}
	}
}
