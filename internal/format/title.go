package format

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"perfpipe/internal/dist"
	"perfpipe/internal/lang"
	"perfpipe/internal/stats"
	"perfpipe/internal/visible"
)

// simulatedTitle marks the title of everything that is made of the simulator's records.
const simulatedTitle = "SIMULATED: records of the built-in simulator, no server was measured"

func title(b *stats.Block, w lang.Words) string {
	parts := []string{}
	for _, part := range []string{
		name(b), w.Sentence(load(b)), some(b.Op, "operations", w), some(b.Model, "models", w),
	} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return marked(strings.Join(parts, " · "), b.Simulated, w)
}

// marked returns title, or a default, with the mark of simulated records.
func marked(title string, simulated bool, w lang.Words) string {
	if title == "" {
		title = w.Text("all records")
	}
	if simulated {
		title += " · " + w.Text(simulatedTitle)
	}
	return title
}

// name returns the values of a block's group, which distinguish it from the other blocks of its summary.
func name(b *stats.Block) string {
	var parts []string
	for _, v := range b.Group {
		switch {
		case v.Key != "run":
			parts = append(parts, v.Key+" "+cmp.Or(v.Value, "–"))
		case v.Value != "":
			parts = append(parts, v.Value)
		}
	}
	return strings.Join(parts, ", ")
}

// load describes how requests were started.
func load(b *stats.Block) string {
	rate, slots := number(dist.Num(b.Rate)), strconv.Itoa(b.Parallel)
	if b.Rate == 0 && b.Parallel == 0 { // several loads, or records of another program
		return map[string]string{"open": "open loop", "closed": "closed loop", "capped": "capped"}[b.Mode]
	}
	switch b.Mode {
	case "open":
		return "open loop, " + rate + " requests/s"
	case "closed":
		return "closed loop, " + slots + " in flight"
	case "capped":
		return "capped, " + rate + " requests/s and at most " + slots + " in flight"
	}
	return b.Mode
}

// some lists up to three values; of more it returns only the number.
func some(values []string, noun string, w lang.Words) string {
	if len(values) > 3 {
		return w.Sentence(fmt.Sprintf("%d %s", len(values), noun))
	}
	return strings.Join(values, ", ")
}

// Missed describes the first gate that a block misses, with the number of other missed gates, or returns "".
func Missed(s *stats.Summary) string {
	first, more := "", 0
	for i := range s.Blocks {
		b := &s.Blocks[i]
		for _, g := range b.Gates {
			switch {
			case g.Pass:
			case first == "":
				first = strings.TrimSpace(visible.Line(name(b))+" misses ") + " " + g.Gate + ": it is " + judged(g)
			default:
				more++
			}
		}
	}
	if more > 0 {
		first += fmt.Sprintf(" (and %d more)", more)
	}
	return first
}
