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
	fmt.Fprintf(w, "%s, %s", many(s.requests, "request"), many(len(s.order), "session"))
	if s.alone > 0 && len(s.order) > 0 {
		fmt.Fprintf(w, ", %s of none", many(s.alone, "request"))
	}
	if s.arrived && s.last > s.first {
		fmt.Fprintf(w, ", arriving over %s", span(s.last-s.first))
	}
	if _, err := fmt.Fprintln(w); err != nil || s.requests == 0 {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tmean\tp50\tp90\tp99\tmax\tsum\t")
	s.ofSessions(t)
	s.delayMs.write(t, "delay of a request", span, true)
	s.prompt.write(t, "prompt tokens", number, true)
	s.fresh.write(t, "new prompt tokens", number, true)
	s.answer.write(t, "answer tokens, at most", number, true)
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "theoretical prefix-cache hit rate: %.1f %% of prompt tokens\n", 100*s.hit/max(1, s.total))
	for _, note := range s.notes() {
		fmt.Fprintln(w, note)
	}
	return err
}

// ofSessions writes the rows of the sessions.
func (s *Summary) ofSessions(w io.Writer) {
	var calls, depth, width, path spread
	for _, one := range s.order {
		f := one.shape()
		calls.add(float64(len(one.nodes)))
		depth.add(float64(f.depth))
		path.add(f.pathMs)
		width.add(float64(f.width))
		s.missing, s.circular = s.missing+f.missing, s.circular+f.circular
	}
	calls.write(w, "requests of a session", number, true)
	depth.write(w, "on its critical path", number, true)
	width.write(w, "abreast", number, false)
	path.write(w, "tools and users on the path", span, true)
}

// write writes a row, unless there is no value.
func (d *spread) write(w io.Writer, name string, text func(float64) string, sum bool) {
	if len(d.values) == 0 {
		return
	}
	slices.Sort(d.values)
	fmt.Fprintf(w, "%s\t%s\t", name, text(d.mean()))
	for _, p := range []float64{50, 90, 99, 100} {
		fmt.Fprintf(w, "%s\t", text(d.percentile(p)))
	}
	if sum {
		fmt.Fprintf(w, "%s\t", text(d.sum))
	}
	fmt.Fprintln(w)
}

func number(v float64) string {
	if v < 100 {
		return table.Decimal(v, 1)
	}
	return table.Decimal(v, 0)
}

// notes returns what the figures rest on.
func (s *Summary) notes() (notes []string) {
	if s.guessed > 0 {
		notes = append(notes, fmt.Sprintf("the tokens of %s are estimated, as %d characters each",
			many(s.guessed, "prompt"), chars))
	}
	for _, n := range []struct {
		n    int
		text string
	}{
		{s.missing, "that after or history names, but that no line of the session has"},
		{s.circular, "on no path, since they wait for themselves"},
		{s.unknown, "whose history no line before has: their prompts are counted without it"},
	} {
		if n.n > 0 {
			notes = append(notes, many(n.n, "request")+" "+n.text)
		}
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
