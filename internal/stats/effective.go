package stats

import "math"

// How much a run knows of a figure is its effective number: the number of independent values that would know as much.
// Values of requests that stood in a queue together are alike, so it is less than their number. docs/metrics.md has the
// measurements behind these choices (scripts/coverage).
const (
	maxBatches = 4096 // a longer series is first averaged in batches
	batchMeans = 16   // of the estimate by batch means
	fewest     = 15   // effective values: fewer say nothing of their own number
	fewestTail = 4    // effective values beyond a percentile
	margin     = 10   // of the effective number: its own relative error is √(margin ÷ effective number)
)

// batches averages n values in order, in batches of equal size of which there are less than 2·maxBatches, and returns how
// far each is from the mean of all, and the variance of that mean if the values are independent. What is left over at the
// end is in no batch.
func batches(n int, at func(i int) float64) (y []float64, own float64) {
	size := max(1, n/maxBatches)
	y = make([]float64, 0, n/size)
	first, sum, square, batch := at(0), 0.0, 0.0, 0.0
	left := size
	for i := range n {
		d := at(i) - first
		sum += d
		square += d * d
		batch += d
		if left--; left == 0 {
			y = append(y, batch/float64(size))
			batch, left = 0, size
		}
	}
	mean := sum / float64(n)
	for b := range y {
		y[b] -= mean
	}
	return y, max(0, square/float64(n)-mean*mean) / float64(n)
}

// effective returns the effective number of n values in order for their mean, and whether they look independent; it is
// then n. Otherwise it takes the more cautious of two estimates of the variance of the mean: batch means, and the sum of
// autocovariances by Geyer's initial monotone sequence (Practical Markov Chain Monte Carlo, 1992), with a margin for their
// own error.
func effective(n int, at func(i int) float64) (number float64, independent bool) {
	if n < 8 {
		return float64(n), true
	}
	y, own := batches(n, at)
	if own == 0 || alone(y, own) {
		return float64(n), true
	}
	b := float64(len(y))
	variance := max(own, ofBatches(y), autocovariance(y, 0)/b*max(1, geyer(y)))
	number = float64(n) * own / variance
	return number / (1 + math.Sqrt(margin/number)), false
}

// alone reports whether nothing speaks against independence: neither the first autocorrelations, nor batch means whose
// variance is greater than that of independent values, own.
func alone(y []float64, own float64) bool {
	n := float64(len(y))
	zero := autocovariance(y, 0)
	if zero == 0 {
		return true
	}
	if zero/n/own > 1+3*math.Sqrt(2/n) {
		return false
	}
	const (
		lags = 10
		sure = 2.6 // deviations: independent values alarm in one run of 200
	)
	sum := 0.0
	for k := 1; k <= lags && k < len(y); k++ {
		r := autocovariance(y, k) / zero
		if k == 1 && r > sure/math.Sqrt(n) {
			return false
		}
		sum += r
	}
	if sum > sure*math.Sqrt(lags/n) {
		return false
	}
	const much = 2.04 // the 99th percentile of χ² of 15 degrees, per degree
	return ofBatches(y)/own <= much
}

// ofBatches is the variance of the mean by batch means.
func ofBatches(y []float64) float64 {
	k := min(batchMeans, len(y)/2)
	size := len(y) / k
	means := make([]float64, k)
	for b := range means {
		means[b] = average(y[b*size : (b+1)*size])
	}
	mean, square := average(means), 0.0
	for _, m := range means {
		square += (m - mean) * (m - mean)
	}
	return square / float64(k-1) / float64(k)
}

// autocovariance is that of lag k of values whose mean is zero, divided by n as is usual.
func autocovariance(y []float64, k int) float64 {
	sum := 0.0
	for i := k; i < len(y); i++ {
		sum += y[i] * y[i-k]
	}
	return sum / float64(len(y))
}

// geyer is the integrated autocorrelation time: 1 + 2Σ of the autocorrelations, taken in pairs as long as those are
// positive, each at most the one before.
func geyer(y []float64) float64 {
	zero := autocovariance(y, 0)
	sum, last := 0.0, math.Inf(1)
	for k := 0; k+1 < len(y)/2; k += 2 {
		pair := (autocovariance(y, k) + autocovariance(y, k+1)) / zero
		if pair <= 0 {
			break
		}
		last = min(pair, last)
		sum += 2 * last
	}
	return sum - 1
}
