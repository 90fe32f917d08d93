package record

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func BenchmarkGaps(b *testing.B) {
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
		b.Run(fmt.Sprint("sd=", sd), func(b *testing.B) {
			var s scanner
			var out []int64
			i := 0
			for b.Loop() {
				s.b, s.i = lines[i%100], 0
				i++
				list(&s, &out)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/127, "ns/gap")
		})
	}
}
