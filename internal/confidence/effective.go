package confidence

import "math"

// docs/metrics.md has the measurements behind these choices (scripts/coverage).
const (
	maxAveraged = 4096 // a series of at least twice as many values is averaged in batches first
	batchMeans  = 16   // number of batches of the batch means estimate
	fewest      = 15   // least effective sample size: a smaller one cannot be estimated
	fewestTail  = 4    // least effective number of values beyond a percentile
	margin      = 10   // the relative error of an effective sample size n is √(margin/n)
)

// averages divides n values, in order, into batches. It returns the means of the batches, less the mean of all values,
// and the variance of that mean under independence. Left-over values at the end are in no batch.
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

// effective returns the effective sample size of n values, in order, for their mean. It is n if the values seem
// independent, which effective reports. Otherwise it is based on the greater of two estimates of the variance of the
// mean, batch means and the sum of autocovariances over Geyer's initial monotone sequence (Practical Markov Chain Monte
// Carlo, 1992), and is reduced by a margin for the error of those estimates.
func effective(n int, at func(i int) float64) (number float64, independent bool) {
	if n < 8 {
		return float64(n), true
	}
	y, own := averages(n, at)
	if own == 0 || uncorrelated(y, own) {
		return float64(n), true
	}
	b := float64(len(y))
	variance := max(own, ofBatches(y), autocovariance(y, 0)/b*max(1, geyer(y)))
	number = float64(n) * own / variance
	return number / (1 + math.Sqrt(margin/number)), false
}

// uncorrelated reports whether both the first autocorrelations and the variance of batch means are consistent with
// independence. own is the variance of the mean under independence.
func uncorrelated(y []float64, own float64) bool {
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
		sure = 2.6 // standard deviations: independent values exceed this in one run of 200
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

// autocovariance returns the autocovariance at lag k of values whose mean is zero. The sum is divided by len(y), the
// usual biased estimate.
func autocovariance(y []float64, k int) float64 {
	sum := 0.0
	for i := k; i < len(y); i++ {
		sum += y[i] * y[i-k]
	}
	return sum / float64(len(y))
}

// geyer returns the integrated autocorrelation time, 1 + 2Σ of the autocorrelations. It sums them in pairs until a pair
// is not positive, and limits each pair to the one before.
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
