package compare

import (
	"cmp"
	"slices"
	"strings"

	"perfpipe/internal/dist"
)

// judge sets what is shown, and the verdicts, of the headline figures. Those of one load point are taken together by
// closed, so that the chance of any false alarm among them is 5 %; load points are taken together by Holm's procedure.
func judge(changes []Change) {
	var points [][]*Change
	for i := range changes {
		if i == 0 || changes[i].Block != changes[i-1].Block {
			points = append(points, nil)
		}
		last := len(points) - 1
		points[last] = append(points[last], &changes[i])
	}
	least := make([]float64, len(points)) // of each load point's adjusted values
	for i, point := range points {
		least[i] = adjust(point)
	}
	for i, p := range holm(least) {
		for _, c := range points[i] {
			c.conclude(p)
		}
	}
}

// adjust sets what is shown of one load point, and returns the least adjusted P.
func adjust(point []*Change) float64 {
	var tested []*Change
	var ps, weights []float64
	for _, c := range point {
		// A figure that is the same on both sides and cannot be shown to differ raises no false alarm.
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

// weight is how much of the chance of a false alarm a figure takes. Means take most: they know the most of one run, and
// what is left when they differ goes to the others.
func weight(figure string) float64 {
	if strings.HasSuffix(figure, ":mean") {
		return 20
	}
	return 1
}

// conclude sets the verdict; p is the adjusted P of the load point among all.
func (c *Change) conclude(p float64) {
	worse := c.Better > 0 && c.New < c.Old || c.Better < 0 && c.New > c.Old
	better := c.Better > 0 && c.New > c.Old || c.Better < 0 && c.New < c.Old
	c.Better = 0
	if !c.Headline {
		return
	}
	if c.Test == "" {
		c.Verdict = CannotTell
		return
	}
	c.Verdict = NoDifference
	if !c.Adjusted.Known() {
		c.Adjusted = c.P
	}
	c.Adjusted = max(c.Adjusted, dist.Num(p))
	if !c.Shown {
		return
	}
	switch {
	case worse:
		c.Better = -1
	case better:
		c.Better = 1
	}
	switch {
	case c.Adjusted >= alpha:
	case worse:
		c.Verdict = Worse
	case better:
		c.Verdict = Better
	}
}

// byValue returns the indexes of values in ascending order.
func byValue(ps []float64) []int {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(ps[a], ps[b]) })
	return order
}

// holm returns P values adjusted by Holm's procedure, which holds however they depend on each other.
func holm(ps []float64) []float64 {
	out := make([]float64, len(ps))
	most := 0.0
	for k, i := range byValue(ps) {
		most = max(most, min(1, float64(len(ps)-k)*ps[i]))
		out[i] = most
	}
	return out
}

// closed returns P values adjusted by the closed test of Simes' with weights (Benjamini and Hochberg 1997): a figure differs
// if no set of figures that it is one of could be without any difference. It holds for figures of the same requests, which
// rise and fall together, and costs little for those that say the same twice, as TTFT and response time of answers that
// are not streamed.
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
