package why

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// question is a property with the divisions of the requests by it.
type question struct {
	name    string // in the JSON
	timely  bool   // its parts are spans of time
	divides []divide
}

// divide is a set of requests that have something in common.
type divide struct {
	name   string // of its question
	phrase string // what they have in common, as in "78 % of the slowest 1 % …"
	in     []bool
	n      int
}

// minPart is the least number of requests that are worth a division.
const minPart = 5

// add adds a division unless it is trivial.
func (q *question) add(phrase string, n int, in func(i int) bool) {
	d := divide{name: q.name, phrase: phrase, in: make([]bool, n)}
	for i := range d.in {
		if d.in[i] = in(i); d.in[i] {
			d.n++
		}
	}
	if d.n >= minPart && d.n <= n-minPart {
		q.divides = append(q.divides, d)
	}
}

// questions returns all that can be asked of the rows.
func questions(rows []row) (all []question) {
	for _, ask := range []func([]row) []question{ofNumbers, ofWords, ofLabels, ofTime} {
		all = append(all, ask(rows)...)
	}
	return slices.DeleteFunc(all, func(q question) bool { return len(q.divides) == 0 })
}

// number describes how a question about a number is worded.
type number struct {
	name        string
	value       func(r *row) float64 // -1: unknown
	above, most string               // formats of one value: more than, at most
	scale       float64
}

func numbers() []number {
	of := func(i int) func(r *row) float64 { return func(r *row) float64 { return float64(r.numbers[i]) } }
	return []number{
		{"prompt_tokens", of(promptTokens), "had more than %s prompt tokens", "had at most %s prompt tokens", 1},
		{"cached_share", of(cachedShare), "had more than %s %% of their prompt cached",
			"had at most %s %% of their prompt cached", 100},
		{"output_tokens", of(outputTokens), "had more than %s output tokens", "had at most %s output tokens", 1},
		{"server_queue_ms", of(serverQueue), "waited more than %s ms in the server's queue",
			"waited at most %s ms in the server's queue", 1},
		{"in_flight", func(r *row) float64 { return float64(r.inFlight) }, "began with more than %s others in flight",
			"began with at most %s others in flight", 1},
		{"turn", of(turn), "were of a later turn than %s", "were of turn %s or earlier", 1},
		{"depth", of(depth), "were deeper than %s in their session", "were at most %s deep in their session", 1},
	}
}

// shares are the quantiles at which numbers are divided.
var shares = [...]float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99}

func ofNumbers(rows []row) (all []question) {
	for _, n := range numbers() {
		q := question{name: n.name}
		values := make([]float64, len(rows))
		var sorted []float64
		for i := range rows {
			if values[i] = n.value(&rows[i]); values[i] >= 0 {
				sorted = append(sorted, values[i])
			}
		}
		slices.Sort(sorted)
		for _, limit := range limits(sorted) {
			text := amount(limit * n.scale)
			q.add(fmt.Sprintf(n.above, text), len(rows), func(i int) bool { return values[i] > limit })
			q.add(fmt.Sprintf(n.most, text), len(rows), func(i int) bool { return values[i] >= 0 && values[i] <= limit })
		}
		all = append(all, q)
	}
	yes := func(name, phrase string, property int) {
		q := question{name: name}
		q.add(phrase, len(rows), func(i int) bool { return rows[i].numbers[property] > 0 })
		all = append(all, q)
	}
	yes("new_connection", "opened a connection", newConnection)
	yes("retransmits", "had segments sent again", retransmits)
	return all
}

// limits returns the distinct quantiles of values at which to divide them.
func limits(sorted []float64) (list []float64) {
	if len(sorted) == 0 {
		return nil
	}
	for _, share := range shares {
		v := sorted[int(share*float64(len(sorted)-1))]
		if v < sorted[len(sorted)-1] {
			list = append(list, v)
		}
	}
	list = append(list, sorted[0])
	slices.Sort(list)
	return slices.Compact(list)
}

// amount formats a number with three significant digits, or with all digits if it is whole.
func amount(v float64) string {
	if v == float64(int64(v)) {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// maxWords is the number of values of a word that are asked about: the most frequent.
const maxWords = 50

func ofWords(rows []row) (all []question) {
	for i, w := range []struct{ name, format string }{
		url: {"url", "went to %s"}, shard: {"shard", "were sent by shard %s"}, model: {"model", "were answered by %s"},
	} {
		values := make([]string, len(rows))
		for j := range rows {
			values[j] = rows[j].words[i]
		}
		all = append(all, ofValues(w.name, w.format, values))
	}
	return all
}

func ofLabels(rows []row) (all []question) {
	labels := labelsOf(rows)
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		all = append(all, ofValues("labels."+key, "had the label "+key+"=%s", labels[key]))
	}
	return all
}

func ofValues(name, format string, values []string) question {
	q := question{name: name}
	counts := map[string]int{}
	for _, v := range values {
		counts[v]++
	}
	delete(counts, "")
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for _, v := range names[:min(len(names), maxWords)] {
		q.add(fmt.Sprintf(format, v), len(values), func(i int) bool { return values[i] == v })
	}
	return q
}

// maxWindows is the number of parts into which the time of a run is divided.
const maxWindows = 40

// ofTime asks about the minutes of the run, or shorter spans of a short one, and about its beginning.
func ofTime(rows []row) []question {
	q := question{name: "time", timely: true}
	if len(rows) == 0 {
		return nil
	}
	first, last := rows[0].sentUs, rows[len(rows)-1].sentUs
	length := time.Duration(last-first) * time.Microsecond
	width := windowOf(length)
	if width == 0 {
		return nil
	}
	at := func(i int) int { return int(time.Duration(rows[i].sentUs-first) * time.Microsecond / width) }
	for w := range int(length/width) + 1 {
		phrase := fmt.Sprintf("began in minute %d of the run", w+1)
		if width != time.Minute {
			phrase = fmt.Sprintf("began %s to %s into the run", lengthOf(w, width), lengthOf(w+1, width))
		}
		q.add(phrase, len(rows), func(i int) bool { return at(i) == w })
	}
	for _, share := range [...]int{10, 20, 50} {
		w := int(length/width) * share / 100
		if w > 1 {
			q.add(fmt.Sprintf("began in the first %s of the run", lengthOf(w, width)), len(rows),
				func(i int) bool { return at(i) < w })
			q.add(fmt.Sprintf("began later than %s into the run", lengthOf(w, width)), len(rows),
				func(i int) bool { return at(i) >= w })
		}
	}
	return []question{q}
}

// lengthOf formats the length of w windows.
func lengthOf(w int, width time.Duration) string {
	d := time.Duration(w) * width
	for _, u := range [...]struct {
		name string
		unit time.Duration
	}{{"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}} {
		if d%u.unit == 0 && d >= u.unit || u.unit == time.Millisecond {
			return fmt.Sprintf("%d %s", d/u.unit, u.name)
		}
	}
	return ""
}

// windowOf returns the length of the spans of time: a minute if the run has three or more, but not too many.
func windowOf(length time.Duration) time.Duration {
	if length >= 3*time.Minute && length <= maxWindows*time.Minute {
		return time.Minute
	}
	for _, w := range [...]time.Duration{
		time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second,
		10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour,
		6 * time.Hour, 24 * time.Hour,
	} {
		if length < 3*w {
			return 0
		}
		if length <= maxWindows*w {
			return w
		}
	}
	return 0
}
