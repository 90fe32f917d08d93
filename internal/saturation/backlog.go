package saturation

import (
	"fmt"
	"math"
	"time"
)

// Backlog detects, by the number of requests in flight, that a server does not keep up with an open loop. Add must be
// called at regular intervals.
type Backlog struct {
	Rate    float64       // requested, requests/s
	Settle  time.Duration // until the load is steady: a few times the latency of an unloaded request; 0: not known yet
	samples []sample
	next    time.Duration // time of the next look
	rising  int           // consecutive looks that saw growth
}

type sample struct {
	at time.Duration
	n  float64
}

const (
	batches   = 8     // of the window; their means are nearly independent, unlike single samples
	tCritical = 5.208 // Student's t with 6 degrees of freedom, one-sided 0.001, since a run has many looks
	leastRise = 20    // requests; fewer are no backlog
	leastGain = 0.02  // share of the arrivals; less is noise
	lookAgain = 1.1   // factor between the times of looks
	inARow    = 5     // consecutive looks that must agree, over which the time grows by half
)

// Add takes the number of requests in flight at a time since the start of the load. It reports whether that number
// grows without bound, and why it concludes so.
//
// It cuts the second half of the time so far into eight batches and fits a line to their means. The number in flight
// grows by the requests that arrive and are not served, so the slope is the shortfall in requests/s. In five looks in a
// row, the slope must be above 0 by a t-test and at least 2 % of the rate, and must have added 20 requests and half of
// the initial number. (guidellm tests the slope of single samples, which depend on each other, so that its test is too
// certain.)
func (b *Backlog) Add(at time.Duration, inFlight int) (why string, grows bool) {
	b.samples = append(b.samples, sample{at, float64(inFlight)})
	if at < b.next || b.Settle <= 0 || at < 2*b.Settle {
		return "", false
	}
	b.next = time.Duration(float64(at) * lookAgain)
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

// fit is the least-squares line through the batches' means: its slope a second, the slope's t, and the first and the
// last mean.
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

// Course is the course of a load point of an open loop, in intervals of equal width.
type Course struct {
	Width   time.Duration
	Due     []int64   // requests that were due in each interval
	Served  []int64   // answers that ended in it, failed ones too
	Waiting []float64 // mean number of requests that were due and had no answer yet
}

// notServed is the share of the due requests that a server which keeps up may leave behind.
const notServed = 0.1

// Saturated judges a load point after its end. It returns why the server did not keep up, or "". It compares the
// requests served with those due in the second half of the time in which requests were due. The server did not keep up
// if the number waiting grew as Backlog.Add requires, at one look; or if it grew by 20 and by a half, and at least a
// tenth of the due requests was not served.
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
