package search

import "math"

// Verdict is what is known of a level. A level of which too little is known is neither.
type Verdict int

// The verdicts.
const (
	Unsure Verdict = iota
	Pass
	Fail
)

func (v Verdict) String() string { return [...]string{"undecided", "pass", "fail"}[v] }

// MarshalText implements encoding.TextMarshaler.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Alpha is the chance at which the decision on a level may be wrong, of each look at the figures.
const Alpha = 0.05

// Share judges whether a share that showed as k of n is at least p, wrongly with a chance of alpha: by the exact binomial test, which is where the
// interval of Clopper and Pearson (Biometrika 26, 1934) ends. That p99 < x is the share of values below x being at least
// 0.99, so that percentiles are judged by it, too, without any assumption about their distribution. A share of 1 cannot
// be shown by any number: it passes while nothing fails.
func Share(k, n int64, p, alpha float64) Verdict {
	switch {
	case n == 0:
		return Unsure
	case p >= 1 && k == n, p <= 0:
		return Pass
	case p >= 1:
		return Fail
	case tail(n-k, n, 1-p) <= alpha: // so few misses, if p were true
		return Pass
	case tail(k, n, p) <= alpha: // so few hits
		return Fail
	}
	return Unsure
}

// Needed is the least number of values of which Share can say, at Alpha, that p is reached: all of them hits.
func Needed(p float64) int {
	if p >= 1 || p <= 0 {
		return 1
	}
	return int(math.Ceil(math.Log(Alpha) / math.Log(p)))
}

// tail is the chance of at most k successes of n, each of chance p.
func tail(k, n int64, p float64) float64 {
	if k >= n {
		return 1
	}
	lg := func(x int64) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	term := math.Exp(lg(n) - lg(k) - lg(n-k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
	if float64(k) > float64(n)*p { // from the other side, where the terms fall
		sum, t := 0.0, term
		for i := k; i < n; i++ {
			t *= float64(n-i) / float64(i+1) * p / (1 - p)
			if sum += t; t < sum*1e-17 {
				break
			}
		}
		return 1 - sum
	}
	sum := term
	for i := k; i > 0 && term > sum*1e-17; i-- {
		term *= float64(i) / float64(n-i+1) * (1 - p) / p
		sum += term
	}
	return sum
}

// Below judges whether a mean is below limit, from the mean, the standard deviation and the number of the values, by the
// normal approximation.
func Below(mean, sd float64, n int64, limit float64) Verdict {
	const z = 1.6449 // of Alpha, one-sided
	switch half := z * sd / math.Sqrt(float64(n)); {
	case n < 2 || math.IsNaN(half):
		return Unsure
	case mean+half < limit:
		return Pass
	case mean-half >= limit:
		return Fail
	}
	return Unsure
}
