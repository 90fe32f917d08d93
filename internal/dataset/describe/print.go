package describe

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
	"time"

	"perfpipe/internal/table"
)

// spread is a distribution.
type spread struct {
	values []float32
	sum    float64
}

func (d *spread) add(v float64) {
	d.values = append(d.values, float32(v))
	d.sum += v
}

// percentile returns the value of the nearest rank.
func (d *spread) percentile(p float64) float64 {
	if len(d.values) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(d.values))))
	return float64(d.values[max(0, rank-1)])
}

func (d *spread) mean() float64 { return d.sum / max(1, float64(len(d.values))) }

// Write writes the summary for people.
func (s *Summary) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(cells ...string) {
		for _, c := range cells {
			fmt.Fprint(t, c, "\t")
		}
		fmt.Fprintln(t)
	}
	row("", "mean", "p50", "p90", "p99", "max", "sum")
	dist := func(name string, d *spread, text func(float64) string, sum bool) {
		if len(d.values) == 0 {
			return
		}
		slices.Sort(d.values)
		cells := []string{name, text(d.mean())}
		for _, p := range []float64{50, 90, 99, 100} {
			cells = append(cells, text(d.percentile(p)))
		}
		if sum {
			cells = append(cells, text(d.sum))
		}
		row(cells...)
	}
	number := func(v float64) string {
		if v < 100 {
			return table.Decimal(v, 1)
		}
		return table.Decimal(v, 0)
	}
	var calls, depth, width, path spread
	for _, one := range s.order {
		calls.add(float64(one.calls))
		depth.add(float64(one.depth))
		path.add(one.pathMs)
		widest := 0
		for _, n := range one.widths {
			widest = max(widest, n)
		}
		width.add(float64(widest))
	}
	dist("requests of a session", &calls, number, true)
	dist("on its critical path", &depth, number, true)
	dist("abreast", &width, number, false)
	dist("tools and users on the path", &path, span, true)
	dist("delay of a request", &s.delayMs, span, true)
	dist("prompt tokens", &s.prompt, number, true)
	dist("new prompt tokens", &s.fresh, number, true)
	dist("answer tokens, at most", &s.answer, number, true)
	fmt.Fprintf(w, "%s, %s", many(s.requests, "request"), many(len(s.order), "session"))
	if s.alone > 0 && len(s.order) > 0 {
		fmt.Fprintf(w, ", %s of none", many(s.alone, "request"))
	}
	if s.arrived && s.last > s.first {
		fmt.Fprintf(w, ", arriving over %s", span(s.last-s.first))
	}
	fmt.Fprintln(w)
	if s.requests == 0 {
		return nil
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "theoretical prefix-cache hit rate: %.1f %% of prompt tokens\n", 100*s.hit/max(1, s.total))
	for _, note := range s.notes() {
		fmt.Fprintln(w, note)
	}
	return err
}

// notes returns what the figures rest on.
func (s *Summary) notes() (notes []string) {
	if s.guessed > 0 {
		notes = append(notes, fmt.Sprintf("the tokens of %s are estimated, as %d characters each",
			many(s.guessed, "prompt"), chars))
	}
	if s.missing > 0 {
		notes = append(notes, fmt.Sprintf("%s that after or history names, but that no line before has in its session",
			many(s.missing, "request")))
	}
	return notes
}

// many returns a number of things.
func many(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return table.Decimal(float64(n), 0) + " " + thing
}

// span writes a duration for people.
func span(ms float64) string {
	d := time.Duration(ms * float64(time.Millisecond))
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
