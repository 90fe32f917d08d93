package saturation

import (
	"fmt"
	"math"
	"time"
)

// Backlog tells from the number of requests in flight whether they pile up without end: whether a server cannot keep up
// with an open loop. It is fed at regular times.
type Backlog struct {
	Rate    float64       // asked, requests/s
	Settle  time.Duration // from when on the load is what it will be: a few times an unloaded request's latency
	samples []sample
	next    time.Duration // of the next look
	in      int           // looks in a row that saw it grow
}

type sample struct {
	at time.Duration
	n  float64
}

const (
	batches   = 8     // of the window: their means are nearly independent, which single samples are not
	tCritical = 5.208 // of Student's t with 6 degrees of freedom, one-sided 0.001: there are many looks in a run
	leastRise = 20    // requests: what is less is no backlog
	leastGain = 0.02  // share of the arrivals: a server that keeps up with all but less is within the noise
	lookAgain = 1.1   // looks are this factor of time apart
	inARow    = 5     // looks that must agree: half as much time again
)

// Add takes the number in flight at a time from the start of the load, and says whether it grows without end, and why.
//
// The second half of the time so far is cut into eight batches; a line is fitted to their means. In flight grows by
// what arrives and is not served, so the slope is the shortfall, in requests/s. It must be above 0 by a t-test, at
// least 2 % of the rate, and have added 20 requests, and half of what was there, in five looks in a row. (guidellm
// tests the slope of single samples; they depend on each other, which makes the test too sure of itself.)
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
		b.in = 0
		return "", false
	}
	if b.in++; b.in < inARow {
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

// Course is a load point of an open loop along its time, in intervals of one width.
type Course struct {
	Width   time.Duration
	Due     []int64   // requests that were due in each interval
	Served  []int64   // answers that ended in it, failed ones too
	Waiting []float64 // mean number of requests that were due and had no answer yet
}

// notServed is the share of what was due that a server may leave behind and still keep up.
const notServed = 0.1

// Saturated judges a load point after its end, by what was served of what was due in the second half of the time in
// which requests were due, and by how the number waiting went meanwhile. It returns why the server did not keep up, or
// "". That number must have grown as Backlog.Add wants it, at one look; or it grew by 20 and by a half, and at least a
// tenth of what was due was not served.
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
	return fmt.Sprintf("%.3g of %.3g requests/s were served, and those waiting grew from %.0f to %.0f", completed, offered, first, last)
}
