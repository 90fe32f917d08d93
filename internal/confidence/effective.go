package confidence

import "math"

// docs/metrics.md has the measurements behind these choices (scripts/coverage).
const (
	maxAveraged = 4096 // a series of twice as many values or more is first averaged in batches
	batchMeans  = 16   // of the estimate by batch means
	fewest      = 15   // effective values: fewer do not determine their own number
	fewestTail  = 4    // effective values beyond a percentile
	margin      = 10   // of the effective number: its own relative error is √(margin ÷ effective number)
)

// averages returns the means of batches of n values in order, less the mean of all, and the variance of that mean if the
// values are independent. Values left over at the end are in no batch.
func averages(n int, at func(i int) float64) (y []float64, own float64) {
	size := max(1, n/maxAveraged)
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

// effective returns the effective number of n values in order for their mean, and whether they seem independent; it is
// then n. Otherwise it takes the more cautious of two estimates of the variance of the mean: batch means, and the sum of
// autocovariances by Geyer's initial monotone sequence (Practical Markov Chain Monte Carlo, 1992), with a margin for their
// own error.
func effective(n int, at func(i int) float64) (number float64, independent bool) {
	if n < 8 {
		return float64(n), true
	}
	y, own := averages(n, at)
	if own == 0 || alone(y, own) {
		return float64(n), true
	}
	b := float64(len(y))
	variance := max(own, ofBatches(y), autocovariance(y, 0)/b*max(1, geyer(y)))
	number = float64(n) * own / variance
	return number / (1 + math.Sqrt(margin/number)), false
}

// alone reports whether neither the first autocorrelations nor the variance of batch means contradict independence. own
// is the variance of the mean of independent values.
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
		sure = 2.6 // standard deviations: independent values exceed them in one run of 200
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

// ofBatches returns the variance of the mean by batch means.
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

// autocovariance returns that of lag k of values whose mean is zero, divided by n as is usual.
func autocovariance(y []float64, k int) float64 {
	sum := 0.0
	for i := k; i < len(y); i++ {
		sum += y[i] * y[i-k]
	}
	return sum / float64(len(y))
}

// geyer returns the integrated autocorrelation time: 1 + 2Σ of the autocorrelations, taken in pairs as long as those are
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
