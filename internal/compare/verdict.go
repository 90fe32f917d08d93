package compare

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"perfpipe/internal/dist"
)

// judge sets Shown and Verdict of the headline figures. Both control the probability of any false alarm at 5 %: Shown
// over the figures of one load point, by a closed test, and Verdict over all load points, by Holm's procedure on top of
// it.
func judge(changes []Change) {
	var points [][]*Change
	for i := range changes {
		if i == 0 || changes[i].Block != changes[i-1].Block {
			points = append(points, nil)
		}
		last := len(points) - 1
		points[last] = append(points[last], &changes[i])
	}
	least := make([]float64, len(points)) // least adjusted P of each load point
	for i, point := range points {
		least[i] = adjust(point)
	}
	for i, p := range holm(least) {
		for _, c := range points[i] {
			c.conclude(p)
		}
	}
}

// adjust sets Adjusted and Shown of the figures of one load point, and returns the least adjusted P.
func adjust(point []*Change) float64 {
	var tested []*Change
	var ps, weights []float64
	for _, c := range point {
		// A figure that is equal on both sides with P = 1 cannot raise a false alarm.
		if c.Headline && c.Test != "" && !(c.P == 1 && c.Old == c.New) {
			tested, ps, weights = append(tested, c), append(ps, float64(c.P)), append(weights, weight(c.Figure))
		}
	}
	least := 1.0
	for i, p := range closed(ps, weights) {
		tested[i].Adjusted = dist.Num(p)
		tested[i].Shown = p < alpha && tested[i].Delta != 0
		least = min(least, p)
	}
	return least
}

// weight returns the share of alpha that is allotted to a figure, relative to others. Means have the largest, since
// they have the most power in one run. If a mean differs, the closed test passes its share on to the other figures.
func weight(figure string) float64 {
	if strings.HasSuffix(figure, ":mean") {
		return 20
	}
	return 1
}

// conclude sets Better and Verdict. p is the P value of the load point, adjusted for the number of load points.
func (c *Change) conclude(p float64) {
	better := c.Better // the sign of an improvement
	c.Better = 0
	if !c.Headline {
		return
	}
	if c.Test == "" {
		c.Verdict = CannotTell
		return
	}
	if !c.Adjusted.Known() {
		c.Adjusted = c.P
	}
	c.Adjusted = max(c.Adjusted, dist.Num(p))
	if c.Shown {
		c.Better = better * cmp.Compare(c.New, c.Old)
	}
	switch {
	case c.Better == 0 || c.Adjusted >= alpha:
		c.Verdict = NoDifference
		c.bound(better)
	case c.Better < 0:
		c.Verdict = Worse
	default:
		c.Verdict = Better
	}
}

// bound sets Possible and worst of a figure without a difference. better is the sign of an improvement.
func (c *Change) bound(better int) {
	if c.Test == permutation && c.Delta == 0 { // all runs agree
		c.Possible = 0
		return
	}
	c.Possible = max(-c.CI[0], c.CI[1])
	if c.worst = float64(c.CI[1]); better > 0 {
		c.worst = -float64(c.CI[0])
	}
	if math.IsNaN(c.worst) {
		c.worst = math.Inf(1)
	}
}

// byValue returns the indexes of ps in ascending order of their values.
func byValue(ps []float64) []int {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(ps[a], ps[b]) })
	return order
}

// holm returns P values adjusted by Holm's procedure, which is valid under any dependence between them.
func holm(ps []float64) []float64 {
	out := make([]float64, len(ps))
	most := 0.0
	for k, i := range byValue(ps) {
		most = max(most, min(1, float64(len(ps)-k)*ps[i]))
		out[i] = most
	}
	return out
}

// closed returns P values adjusted by closed testing with the weighted Simes test (Benjamini and Hochberg 1997): a
// figure differs if the test rejects every set of figures that contains it. This is valid for positively dependent
// figures, such as those of the same requests. It costs little power for redundant figures, such as the TTFT and the
// response time of answers that are not streamed.
//
// Each bit of sets selects a figure, so the time is exponential in the number of figures.
func closed(ps, weights []float64) []float64 {
	order := byValue(ps)
	out := slices.Clone(ps)
	for sets := uint32(1); sets < 1<<len(ps); sets++ {
		all := 0.0
		for k := range ps {
			if sets>>k&1 != 0 {
				all += weights[k]
			}
		}
		upTo, least := 0.0, 1.0
		for _, k := range order {
			if sets>>k&1 != 0 {
				upTo += weights[k]
				least = min(least, ps[k]*all/upTo)
			}
		}
		for k := range ps {
			if sets>>k&1 != 0 {
				out[k] = max(out[k], least)
			}
		}
	}
	return out
}
