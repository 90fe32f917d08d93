package why

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"perfpipe/internal/dist"
)

// Report describes what the slowest requests of a load point have in common.
type Report struct {
	Metric   string  `json:"metric"`
	Requests int     `json:"requests"` // that have the metric
	Examined int     `json:"examined"`
	Asked    int     `json:"asked"`  // properties
	Causes   []Cause `json:"causes"` // what explains most first
	Verdict  string  `json:"verdict"`
}

// Cause is a property that is more frequent among the slowest requests.
type Cause struct {
	Property string   `json:"property"`
	Tail     dist.Num `json:"slowest"`       // the share of requests that are compared with all, such as 0.01
	InTail   dist.Num `json:"share_in_tail"` // of these
	InAll    dist.Num `json:"share_of_all"`
	P        dist.Num `json:"p"` // of as strong a difference in any property by chance
	Sentence string   `json:"sentence"`
}

const (
	level     = 0.01 // of p
	maxCauses = 4
	minRows   = 40
)

// Report examines the requests. Its result depends on them alone.
func (t *Table) Report() *Report {
	r := &Report{Metric: t.metric.key, Requests: len(t.rows), Causes: []Cause{}}
	rows := t.sorted()
	if r.Examined = len(rows); len(rows) < minRows {
		r.Verdict = fmt.Sprintf("%d requests have a %s: too few to tell", len(rows), t.metric.name)
		return r
	}
	all := questions(rows)
	r.Asked = len(all)
	values := make([]float64, len(rows))
	for i := range rows {
		values[i] = rows[i].value
	}
	strata := make([]int, len(rows))
	for len(r.Causes) < maxCauses {
		ranks := ranksWithin(values, strata)
		trial := newTrial(all, len(rows), ranks)
		f, ok := trial.best(level, blockLength(ranks), blockLength(withoutSpans(ranks, rows)), uint64(len(r.Causes)))
		if !ok {
			break
		}
		d := trial.divides[f.divide]
		r.Causes = append(r.Causes, t.cause(d, f, trial, len(r.Causes) > 0))
		strata = stratify(strata, d, rows)
		all = slices.DeleteFunc(all, func(q question) bool { return q.name == d.name })
	}
	if len(r.Causes) == 0 {
		r.Verdict = fmt.Sprintf("nothing in the records sets the slowest apart: %d properties of %d requests were compared",
			r.Asked, r.Examined)
	}
	return r
}

func (t *Table) cause(d divide, f finding, trial *trial, later bool) Cause {
	size, n := trial.sizes[f.tail], trial.n
	c := Cause{
		Property: d.name, Tail: dist.Num(tails[len(tails)-len(trial.sizes)+f.tail]),
		InTail: dist.Num(f.k) / dist.Num(size), InAll: dist.Num(d.n) / dist.Num(n), P: dist.Num(f.p),
	}
	among := ""
	if later {
		among = ", among requests alike in the above"
	}
	c.Sentence = fmt.Sprintf("%s of the slowest %s%s %s (against %s of all)", percent(c.InTail), percent(c.Tail), among,
		d.phrase, percent(c.InAll))
	return c
}

// percent formats a share. Only all are 100 %, and only none 0 %.
func percent(share dist.Num) string {
	p := 100 * float64(share)
	switch {
	case p > 99 && p < 100:
		return fmt.Sprintf("%.1f %%", math.Min(p, 99.9))
	case p > 0 && p < 1:
		return fmt.Sprintf("%.2g %%", p)
	}
	return fmt.Sprintf("%.0f %%", p)
}

// ranksWithin returns the rank of each value among those of its stratum, from 0 to 1.
func ranksWithin(values []float64, strata []int) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(strata[a], strata[b]), cmp.Compare(values[a], values[b]))
	})
	ranks := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && strata[order[to]] == strata[order[from]] {
			to++
		}
		for i := from; i < to; i++ {
			ranks[order[i]] = (float64(i-from) + 0.5) / float64(to-from)
		}
		from = to
	}
	return ranks
}

// minStratum is the mean number of requests in a stratum below which a number is not divided into ten.
const minStratum = 20

// stratify divides the strata by a cause: by the tenths of a number, or else in two.
func stratify(strata []int, d divide, rows []row) []int {
	parts := slices.Max(strata) + 1
	class, classes := make([]int, len(strata)), 2
	for i, in := range d.in {
		if in {
			class[i] = 1
		}
	}
	of := slices.IndexFunc(numbers(), func(n number) bool { return n.name == d.name })
	if of >= 0 && len(rows)/(parts*10) >= minStratum {
		values := make([]float64, len(rows))
		for i := range rows {
			values[i] = numbers()[of].value(&rows[i])
		}
		for i, rank := range ranksWithin(values, make([]int, len(rows))) {
			class[i] = min(9, int(rank*10))
		}
		// Equal numbers are in one class.
		least := map[float64]int{}
		for i, v := range values {
			if c, found := least[v]; !found || class[i] < c {
				least[v] = class[i]
			}
		}
		for i, v := range values {
			class[i] = least[v]
		}
		classes = 10
	}
	out := make([]int, len(strata))
	for i := range out {
		out[i] = strata[i]*classes + class[i]
	}
	return out
}

// withoutSpans returns ranks less the means of the spans of time that are asked about.
func withoutSpans(ranks []float64, rows []row) []float64 {
	out := slices.Clone(ranks)
	for _, q := range ofTime(rows) {
		for _, d := range q.divides {
			sum := 0.0
			for i, in := range d.in {
				if in {
					sum += out[i]
				}
			}
			for i, in := range d.in {
				if in {
					out[i] -= sum / float64(d.n)
				}
			}
		}
	}
	return out
}
