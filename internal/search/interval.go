package search

import (
	"math"

	"perfpipe/internal/confidence"
)

// Verdict is the judgment of a level.
type Verdict int

// The verdicts. Unsure means that there are too few requests to decide.
const (
	Unsure Verdict = iota
	Pass
	Fail
)

// String returns undecided, pass or fail.
func (v Verdict) String() string { return [...]string{"undecided", "pass", "fail"}[v] }

// MarshalText implements encoding.TextMarshaler.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// alpha is the maximum probability of a wrong verdict in each evaluation of a level.
const alpha = 0.05

// share judges whether a share is at least p, given k successes in n independent trials. It errs with probability at
// most alpha in either direction. It is the exact binomial test behind the Clopper-Pearson interval (Biometrika 26,
// 1934).
//
// It also judges percentiles, for any distribution: p99 < x means that the share of values below x is at least 0.99. No
// number of requests can prove a share of 1, which passes as long as nothing fails.
func share(k, n int64, p, alpha float64) Verdict {
	switch {
	case n == 0:
		return Unsure
	case p >= 1 && k == n, p <= 0:
		return Pass
	case p >= 1:
		return Fail
	case tail(n-k, n, 1-p) <= alpha: // so few misses would be unlikely if the share were p
		return Pass
	case tail(k, n, p) <= alpha: // so few hits would be
		return Fail
	}
	return Unsure
}

// needed returns the least n for which share(n, n, p, alpha) is Pass.
func needed(p float64) int {
	if p >= 1 || p <= 0 {
		return 1
	}
	return int(math.Ceil(math.Log(alpha) / math.Log(p)))
}

// decisive returns about how many independent trials decide whether a share is at least p, if it is the one seen.
func decisive(seen, p float64) float64 {
	d := seen - p
	return 1.2 * (float64(needed(p)) + z*z*seen*(1-seen)/(d*d))
}

// z is the normal quantile of 1 − alpha.
const z = 1.6449

// tail returns the probability of at most k successes in n trials with probability p each.
func tail(k, n int64, p float64) float64 {
	if k >= n {
		return 1
	}
	lg := func(x int64) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	term := math.Exp(lg(n) - lg(k) - lg(n-k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
	if float64(k) > float64(n)*p { // sum the other tail, whose terms decrease from k on
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

// below judges whether a mean is below limit, from the mean, the standard deviation and the number of values, by the
// normal approximation for independent values.
func below(mean, sd float64, n int64, limit float64) Verdict {
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

// confirm returns a verdict on requests as if they were independent, or Unsure if it is Pass and the interval of the
// figure, for which correlated requests count as fewer, does not show it. A Fail needs no more: a level begins with an
// empty queue, so its first requests are too good rather than too bad, and a wrong one makes the answer cautious.
func confirm(v Verdict, e confidence.Estimate, within func(low, high float64) bool) Verdict {
	if v == Pass && (e.Ends == nil || !within(e.Ends(1-2*alpha))) {
		return Unsure
	}
	return v
}
