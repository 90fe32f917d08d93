package saturation

import (
	"fmt"
	"math"
	"time"
)

// Backlog detects, by the number of requests in flight, that a server does not keep up with an open loop. Add must be
// called at regular intervals.
type Backlog struct {
	Rate    float64       // requested rate, requests/s
	Settle  time.Duration // time until the load is steady, a few times the latency without load; 0: not known yet
	samples []sample
	next    time.Duration // time of the next check
	rising  int           // number of consecutive checks that found growth
}

// sample is the number of requests in flight at a time since the start of the load.
type sample struct {
	at time.Duration
	n  float64
}

const (
	batches    = 8     // of the window; their means are nearly independent, unlike single samples
	tCritical  = 5.208 // Student's t with 6 degrees of freedom, one-sided 0.001, since a run has many checks
	leastRise  = 20    // requests; a smaller rise is not a backlog
	leastGain  = 0.02  // share of the arrivals; a smaller slope is noise
	checkAgain = 1.1   // ratio of the times of consecutive checks
	inARow     = 5     // consecutive checks that must agree; from first to last, the time grows by half
)

// Add adds the number of requests in flight at a time since the start of the load. It reports whether that number grows
// without bound, and why.
//
// Add divides the second half of the time so far into eight batches and fits a line to their means. The number in
// flight grows by the requests that arrive and are not served, so the slope is the shortfall in requests/s. In five
// consecutive checks, the slope must be significantly above 0 in a t-test and at least 2 % of the rate, and the rise at
// least 20 requests and half of the initial number. (guidellm tests the slope of single samples. These are
// autocorrelated, so its test overstates its confidence.)
func (b *Backlog) Add(at time.Duration, inFlight int) (why string, grows bool) {
	b.samples = append(b.samples, sample{at, float64(inFlight)})
	if at < b.next || b.Settle <= 0 || at < 2*b.Settle {
		return "", false
	}
	b.next = time.Duration(float64(at) * checkAgain)
	i := len(b.samples) - 1
	for i > 0 && b.samples[i-1].at >= at/2 {
		i--
	}
	window := b.samples[i:]
	if len(window) < 4*batches {
		return "", false
	}
	slope, t, first, last := fit(window)
	rise := last - first
	if t < tCritical || slope < leastGain*b.Rate || rise < leastRise || rise < first/2 {
		b.rising = 0
		return "", false
	}
	if b.rising++; b.rising < inARow {
		return "", false
	}
	return fmt.Sprintf("requests in flight grew from %.0f to %.0f in %v: %.3g of %.3g requests/s are not served",
		first, last, (at - window[0].at).Round(100*time.Millisecond), slope, b.Rate), true
}

// fit fits a least-squares line to the means of the batches. It returns the slope per second, its t statistic, and the
// first and the last mean.
func fit(window []sample) (slope, t, first, last float64) {
	var x, y [batches]float64
	for i := range batches {
		part := window[i*len(window)/batches : (i+1)*len(window)/batches]
		for _, s := range part {
			x[i] += s.at.Seconds() / float64(len(part))
			y[i] += s.n / float64(len(part))
		}
	}
	var mx, my, sxx, sxy float64
	for i := range batches {
		mx, my = mx+x[i]/batches, my+y[i]/batches
	}
	for i := range batches {
		sxx += (x[i] - mx) * (x[i] - mx)
		sxy += (x[i] - mx) * (y[i] - my)
	}
	slope = sxy / sxx
	var rest float64
	for i := range batches {
		d := y[i] - my - slope*(x[i]-mx)
		rest += d * d
	}
	if se := math.Sqrt(rest / (batches - 2) / sxx); se > 0 {
		t = slope / se
	} else if slope > 0 {
		t = math.Inf(1)
	}
	return slope, t, y[0], y[batches-1]
}

// Course is a load point of an open loop as a time series, in intervals of equal width.
type Course struct {
	Width   time.Duration
	Due     []int64   // requests that were due in each interval
	Served  []int64   // answers that ended in each interval, including failures
	Waiting []float64 // mean number of requests in each interval that were due but not yet answered
}

// notServed is the greatest share of the due requests that a server may leave unserved and still keep up.
const notServed = 0.1

// Saturated judges a load point after its end. It returns the reason why the server did not keep up, or "" if it did.
//
// It considers the second half of the time in which requests were due. The server did not keep up if the number of
// waiting requests grew as Backlog.Add requires of one check. It did not either if that number grew by 20 requests and
// by half, and more than a tenth of the due requests were not served.
func (c *Course) Saturated() (why string) {
	n := len(c.Due)
	for n > 0 && c.Due[n-1] == 0 {
		n--
	}
	half := n / 2
	if n-half < 2*batches || c.Width <= 0 {
		return ""
	}
	var due, served int64
	window := make([]sample, 0, n-half)
	for i := half; i < n; i++ {
		due, served = due+c.Due[i], served+c.Served[i]
		window = append(window, sample{time.Duration(i) * c.Width, c.Waiting[i]})
	}
	seconds := (time.Duration(n-half) * c.Width).Seconds()
	offered, completed := float64(due)/seconds, float64(served)/seconds
	slope, t, first, last := fit(window)
	rise := last - first
	grew := t >= tCritical && slope >= leastGain*offered && rise >= leastRise && rise >= first/2
	behind := completed < (1-notServed)*offered && rise >= leastRise && rise >= first/2
	if !grew && !behind {
		return ""
	}
	return fmt.Sprintf("%.3g of %.3g requests/s were served, and those waiting grew from %.0f to %.0f",
		completed, offered, first, last)
}
