package dist

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

func distOf(limit int, values ...int64) *Dist {
	d := &Dist{Limit: limit}
	for _, v := range values {
		d.Add(v)
	}
	return d
}

// randomValues returns values of every size: with a bucket of their own, in a shared one, and above 32 bits.
func randomValues(r *rand.Rand, n int) []int64 {
	v := make([]int64, n)
	for i := range v {
		v[i] = r.Int64N(1 << (1 + r.IntN(40)))
	}
	return v
}

func TestPercentilesMatchSorting(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		values := randomValues(r, 1+r.IntN(300))
		s := distOf(-1, values...).Stat([]float64{0.1, 1, 25, 50, 90, 99, 99.9, 100}, 1)
		slices.Sort(values)
		for _, p := range s.Percentiles {
			want := values[max(0, int(math.Ceil(float64(len(values))*p.P/100))-1)]
			if float64(p.Value) != float64(want) {
				t.Fatalf("p%v of %d values: %v, want %d", p.P, len(values), p.Value, want)
			}
		}
		if float64(s.Min) != float64(values[0]) || float64(s.Max) != float64(values[len(values)-1]) {
			t.Fatalf("min %v, max %v of %v", s.Min, s.Max, values)
		}
	}
}

func TestSketchError(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		values := randomValues(r, 50+r.IntN(300))
		percentiles := []float64{0.1, 10, 50, 90, 99, 100}
		exact, approx := distOf(-1, values...).Stat(percentiles, 1), distOf(10, values...).Stat(percentiles, 1)
		if approx.Approx != (exact.Max >= 1<<denseBits) || approx.N != exact.N ||
			approx.Min != exact.Min || approx.Max != exact.Max {
			t.Fatalf("approx %+v, exact %+v", approx, exact)
		}
		for i, p := range exact.Percentiles {
			got, want := float64(approx.Percentiles[i].Value), float64(p.Value)
			if want < 1<<denseBits && got != want || math.Abs(got-want) > want*SketchError {
				t.Errorf("p%v is %v, exact %v", p.P, got, want)
			}
		}
		if math.Abs(float64(approx.Mean-exact.Mean)) > 1e-9*float64(exact.Mean) {
			t.Errorf("mean %v, exact %v: the mean of a sketch is exact", approx.Mean, exact.Mean)
		}
	}
}

func TestMergeOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		values, limit := randomValues(r, r.IntN(400)), []int{-1, 10, 100, 300}[r.IntN(4)]
		whole := distOf(limit, values...)
		r.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
		cut := 0
		if len(values) > 0 {
			cut = r.IntN(len(values))
		}
		merged := distOf(limit, values[:cut]...)
		merged.Merge(distOf(limit, values[cut:]...))
		percentiles := []float64{1, 50, 99}
		got, want := merged.Stat(percentiles, 1), whole.Stat(percentiles, 1)
		if g, w := mustJSON(t, got), mustJSON(t, want); g != w {
			t.Fatalf("merged %s\nwhole  %s", g, w)
		}
	}
}

// AddAll adds what Add adds, to a list and to a sketch that has other values already.
func TestAddAll(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		values, limit := randomValues(r, 1+r.IntN(400)), []int{-1, 10, 100, 300}[r.IntN(4)]
		if r.IntN(2) == 0 {
			values[r.IntN(len(values))] = []int64{-1, MaxValue, math.MinInt64}[r.IntN(3)]
		}
		implausible := func(v int64) bool { return v < 0 || v >= MaxValue }
		cut := r.IntN(len(values))
		one, all := &Dist{Limit: limit}, &Dist{Limit: limit}
		for i, v := range values {
			one.Add(v)
			if i < cut {
				all.Add(v)
			}
		}
		if got := all.AddAll(values[cut:]); got != !slices.ContainsFunc(values[cut:], implausible) {
			t.Errorf("AddAll reports %v of %v", got, values)
		}
		merged := &Dist{Limit: limit}
		merged.Merge(all)
		want := one.State("")
		for _, got := range []State{all.State(""), merged.State("")} {
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("AddAll and Merge of %v: %+v, Add: %+v", values, got, want)
			}
		}
	}
}

func TestFailuresAreInfinite(t *testing.T) {
	d := distOf(0, 10, 20, 30)
	d.AddInf()
	want := `{"n":3,"failed":1,"mean":null,"sd":null,"min":10,"p50":20,"p75":30,"p76":null,"max":null}`
	if got := mustJSON(t, d.Stat([]float64{50, 75, 76}, 1)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	d.spill()
	if got := mustJSON(t, d.Stat([]float64{50, 75, 76}, 1)); got != want {
		t.Errorf("sketch: got  %s\nwant %s", got, want)
	}
}

func TestDistRejectsImplausibleValues(t *testing.T) {
	for _, v := range []int64{-1, MaxValue, math.MaxInt64, math.MinInt64} {
		if d := (&Dist{}); d.Add(v) || d.N() != 0 {
			t.Errorf("%d is added", v)
		}
	}
}

func TestBucketsContainTheirMiddle(t *testing.T) {
	for _, v := range []int64{
		0, 1, 1<<denseBits - 1, 1 << denseBits, 1<<denseBits + 255, 1<<denseBits + 256, 1<<31 - 1, MaxValue - 1,
	} {
		i := bucket(v)
		if i >= buckets || bucket(middle(i)) != i {
			t.Errorf("value %d: bucket %d of %d, whose middle %d is in bucket %d", v, i, buckets, middle(i), bucket(middle(i)))
		}
	}
}

func mustJSON(t *testing.T, v json.Marshaler) string {
	t.Helper()
	b, err := v.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestLevels(t *testing.T) {
	var l Levels
	for i := 1; i <= 1000; i++ {
		l.Add(float64(i), 1)
	}
	for _, p := range []float64{1, 50, 90, 99, 100} {
		if got, want := l.At(p), p*10; math.Abs(got-want)/want > 0.022 {
			t.Errorf("p%v is %v, want %v", p, got, want)
		}
	}
	var n uint32
	for _, c := range l.Rows(l.first, 7) {
		n += c
	}
	if n != 1000 {
		t.Errorf("%d values in rows", n)
	}
	if low := l.From(LevelOf(100)); low.n != 1000 || low.first != LevelOf(100) || low.At(100) != l.At(100) {
		t.Errorf("from 100 on: %d values from bin %d", low.n, low.first)
	}
	var none Levels
	if !math.IsNaN(none.At(50)) {
		t.Error("no values have no median")
	}
}

// TestNumRound checks that small numbers keep their digits, and that errors of floating point are zeros.
func TestNumRound(t *testing.T) {
	for n, want := range map[Num]string{
		1234.56789012: "1234.56789", 0.0012345678: "0.001235", 0.00012345678: "0.000123457", 2e-7: "0.0000002", -3e-10: "-0.0000000003",
		0.1 + 0.2 - 0.3: "0", NaN(): "null",
	} {
		if got, err := n.MarshalJSON(); string(got) != want || err != nil {
			t.Errorf("%g: %s, want %s", float64(n), got, want)
		}
	}
}
