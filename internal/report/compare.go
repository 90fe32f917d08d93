package report

import (
	"fmt"
	"math"
	"strings"

	"perfpipe/internal/chart"
	"perfpipe/internal/compare"
	"perfpipe/internal/dist"
	"perfpipe/internal/stats"
	"perfpipe/internal/table"
)

// mostCompared limits the files that are compared with the first.
const mostCompared = 4

// comparisons returns tables that compare the first source with each other one, by the judged figures of each load
// point.
func (r *report) comparisons() []table.Table {
	if len(r.sources) < 2 {
		return nil
	}
	var out []table.Table
	base := r.sources[0]
	for _, next := range r.sources[1:min(len(r.sources), mostCompared+1)] {
		out = append(out, r.comparison(base, next))
	}
	return out
}

// comparedPercentiles returns the percentiles of the judged figures.
func comparedPercentiles() []float64 { return []float64{50, 90, 99} }

func (r *report) comparison(base, next *Source) table.Table {
	c := compare.Sides([]*stats.Collector{base.stats.At(comparedPercentiles())},
		[]*stats.Collector{next.stats.At(comparedPercentiles())})
	t := table.Table{
		Title:  r.trf("%s against %s", next.name, base.name),
		Header: []string{r.tr("figure"), base.name, next.name, r.tr("difference"), r.tr("95 % interval"), r.tr("verdict")},
	}
	changes := c.Headlines()
	several := false
	for _, change := range changes {
		several = several || change.Block != changes[0].Block
	}
	for _, change := range changes {
		name := r.figureName(change.Figure)
		if several {
			name = change.Block + " · " + name
		}
		verdict, tone := r.judged(&change)
		t.Rows = append(t.Rows, []string{
			name, r.figureValue(change.Figure, float64(change.Old)), r.figureValue(change.Figure, float64(change.New)),
			difference(float64(change.Delta)), r.between(change.CI), verdict,
		})
		t.Tones = append(t.Tones, tone)
	}
	note := "The chance of any false alarm among all of these figures is 5 %. " +
		"Times are of successful requests; in response times failed requests are ∞."
	if len(changes) == 0 {
		note = "The files have no load point in common: nothing can be compared."
	}
	t.Notes = []string{strings.Join(append([]string{r.tr(note)}, c.Notes...), " ")}
	return t
}

// judged returns the verdict on a figure in words.
func (r *report) judged(c *compare.Change) (string, table.Tone) {
	switch c.Verdict {
	case compare.Better:
		return r.tr("better"), table.Good
	case compare.Worse:
		return r.tr("WORSE"), table.Bad
	case compare.NoDifference:
		if c.Possible == 0 {
			return r.tr("no difference shown"), table.Neutral
		}
		if !c.Possible.Known() {
			return r.tr("no difference shown, any is possible"), table.Neutral
		}
		possible := strings.TrimPrefix(difference(float64(c.Possible)), "+")
		return r.trf("no difference shown, up to %s possible", possible), table.Neutral
	}
	text := r.tr("cannot tell")
	if c.Why != "" {
		text += ": " + c.Why
	}
	if c.Need > 0 && !strings.Contains(c.Why, "would do") {
		text += r.trf("; about %s requests a side would do", chart.Number(float64(c.Need)))
	}
	return text, table.Neutral
}

// figureName returns the name of a compared figure for people: TTFT p99.
func (r *report) figureName(figure string) string {
	switch figure {
	case "success_rate":
		return r.tr("successful requests")
	case "requests_per_s":
		return r.tr("requests/s")
	case "output_tokens_per_s":
		return r.tr("output tokens/s")
	}
	key, stat, _ := strings.Cut(figure, ":")
	for _, d := range durations() {
		if d.key == key {
			return r.tr(d.label) + " " + r.tr(stat)
		}
	}
	return figure
}

// figureValue returns a value with its unit.
func (r *report) figureValue(figure string, v float64) string {
	switch {
	case figure == "success_rate":
		return percent(v)
	case strings.Contains(figure, "_ms:"):
		return milliseconds(v)
	}
	return chart.Number(v)
}

// difference returns a share with its sign.
func difference(share float64) string {
	switch {
	case math.IsNaN(share):
		return "–"
	case math.IsInf(share, 0):
		return map[bool]string{true: "+∞", false: "−∞"}[share > 0]
	}
	text := fmt.Sprintf("%+.2f %%", 100*share)
	if strings.Trim(text, "+-0. %") == "" {
		return "0.00 %"
	}
	return strings.Replace(text, "-", "−", 1)
}

func (r *report) between(ci dist.Interval) string {
	low, high := float64(ci[0]), float64(ci[1])
	switch {
	case math.IsNaN(low) && math.IsNaN(high):
		return ""
	case math.IsNaN(low):
		return r.trf("%s or less", difference(high))
	case math.IsNaN(high):
		return r.trf("%s or more", difference(low))
	}
	return r.trf("%s to %s", difference(low), difference(high))
}

// milliseconds returns a duration with its unit, in seconds from 10 s on.
func milliseconds(ms float64) string {
	switch {
	case math.IsNaN(ms) || math.IsInf(ms, 0):
		return chart.Number(ms)
	case ms >= longMs:
		return chart.Number(ms/1000) + " s"
	}
	return chart.Number(ms) + " ms"
}

// longMs is the least duration that is shown in seconds.
const longMs = 10_000
