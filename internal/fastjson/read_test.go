package fastjson

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// withVectors returns the values of the last parameter of ints that this machine has code for.
func withVectors() []bool {
	if hasVectors {
		return []bool{false, true}
	}
	return []bool{false}
}

func BenchmarkInts(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, sd := range []float64{0.25, 1} {
		var lines [][]byte
		for range 100 {
			var gaps []string
			for range 127 {
				gaps = append(gaps, fmt.Sprint(int64(20_000*math.Exp(sd*r.NormFloat64()))))
			}
			lines = append(lines, []byte("["+strings.Join(gaps, ",")+`],"tpot_ms":1`))
		}
		for _, vectors := range withVectors() {
			b.Run(fmt.Sprintf("sd=%v/vectors=%v", sd, vectors), func(b *testing.B) {
				var out []int64
				i := 0
				for b.Loop() {
					ints(lines[i%100], &out, vectors)
					i++
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/127, "ns/gap")
			})
		}
	}
}

// Ints reads lists of numbers of any length, whatever is behind them, and no list with anything else in it.
func TestInts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		want := make([]int64, 1+r.IntN(200))
		sizes := 1 + r.IntN(60) // bits
		for i := range want {
			want[i] = r.Int64N(1e18) >> (60 - r.IntN(sizes))
		}
		text := []byte(strings.ReplaceAll(fmt.Sprint(want), " ", ","))
		line := append(slices.Clone(text), strings.Repeat(`,"é":"0"`, r.IntN(12))...)
		for _, vectors := range withVectors() {
			var got []int64
			if n := ints(line, &got, vectors); n != len(text) || !slices.Equal(got, want) {
				t.Fatalf("vectors %v: %s: %d bytes of %d, %v", vectors, line, n, len(text), got)
			}
		}
		i := r.IntN(len(text))
		line[i] = " .-e,:0\"\x00/é"[r.IntN(12)]
		for _, vectors := range withVectors() {
			var got, want []int64
			if n := ints(line, &got, vectors); n >= 0 && json.Unmarshal(line[:n], &want) != nil {
				t.Fatalf("vectors %v: %s is read", vectors, line[:n])
			} else if n >= 0 && !slices.Equal(got, want) {
				t.Fatalf("vectors %v: %s: %v", vectors, line[:n], got)
			}
		}
	}
}

// FuzzInts compares the variants of Ints on a list in the middle of a line.
func FuzzInts(f *testing.F) {
	for _, odd := range []string{"", "0", "7", "012", "00", "123456789", "1234567890123456789", "-1", "1.5", " ", "é", "],[", "null"} {
		for _, usual := range []string{"20123,", "20123,999,10000,", "0,", "12345678,", "1,22,333,4444,55555,666666,7777777,"} {
			f.Add(strings.Repeat(usual, 3) + odd + strings.Repeat(","+usual[:len(usual)-1], 20) + "]")
		}
	}
	f.Fuzz(func(t *testing.T, list string) {
		line := []byte("[" + list + `],"tpot_ms":20.65,"latency_ms":2682.268,"prompt_tokens":1027,"completion_tokens":128`)
		for _, end := range []int{len(line), len(list) + 2, len(list)} {
			var scalar []int64
			n := ints(line[:end:end], &scalar, false)
			for _, vectors := range withVectors() {
				var got []int64
				if m := ints(line[:end:end], &got, vectors); m != n || n >= 0 && !slices.Equal(got, scalar) {
					t.Errorf("%s: %d %v, with vectors %d %v", line[:end], n, scalar, m, got)
				}
			}
			var want []int64
			if n >= 0 && (json.Unmarshal(line[:n], &want) != nil || !slices.Equal(scalar, want)) {
				t.Errorf("%s: got %v, want %v", line[:n], scalar, want)
			}
		}
	})
}

// FuzzRead compares what the readers accept with encoding/json.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"0", "-0", "01", "1.5", "-0.25", "1.", ".5", "1e3", "123456789012345678", "1234567890123456789", "123456789012345.6",
		"1.2345678901234567", "-10.011535433070867", "[0,12]", "[]", "[1,]", "[01]", "[12345,12345,02345]", "[12345678,1]",
		"[-1]",
		"true", "false", "tru", `"a b"`, `"a`, `"a\n"`, `"ü"`,
	} {
		f.Add([]byte(s))
	}
	for _, number := range []string{"1.5", "0.25", "00.25", "1234567.1234567", "12345678.1", "1.12345678", "1.", ".5", "-1.5", "1.5e3"} {
		f.Add([]byte(number + `,"ttft_ms":1.5,"x":1`))
	}
	for _, number := range []string{"20123", "7", "123456789", "0", "012", "", "é", "1234567890123456789"} {
		f.Add([]byte("[" + strings.Repeat("20123,999,10000,", 12) + number + ",17," + strings.Repeat("1,", 60) + "5]"))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		check := func(n int, got, want any) {
			t.Helper()
			if n < 0 {
				return
			}
			if err := json.Unmarshal(b[:n], want); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%q: got %v, want %v (%v)", b[:n], got, want, err)
			}
		}
		var i, wantInt int64
		check(Int(b, &i), &i, &wantInt)
		var v, wantFloat float64
		n := Float(b, &v)
		check(n, &v, &wantFloat)
		if skipped := SkipNumber(b); skipped != n && n >= 0 {
			t.Errorf("%q: skips %d bytes of %d", b, skipped, n)
		}
		var list, wantList []int
		if n := Ints(b, &list); n >= 0 {
			if err := json.Unmarshal(b[:n], &wantList); err != nil || !slices.Equal(list, wantList) {
				t.Errorf("%q: got %v, want %v (%v)", b[:n], list, wantList, err)
			}
		}
		var is, wantBool bool
		check(Bool(b, &is), &is, &wantBool)
		text, n := ASCII(b)
		var wantText string
		if n >= 0 && (json.Unmarshal(b[:n], &wantText) != nil || string(text) != wantText) {
			t.Errorf("%q: got %q, want %q", b[:n], text, wantText)
		}
	})
}

// BenchmarkFloat measures reading times in ms, of which a record has about ten.
func BenchmarkFloat(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var texts [1000][]byte
	for i := range texts {
		texts[i] = fmt.Appendf(nil, `%g,"ttft_ms":1`, math.Round(1e6*math.Exp(2*r.NormFloat64()))/1000)
	}
	var v float64
	i := 0
	for b.Loop() {
		Float(texts[i%len(texts)], &v)
		i++
	}
}
