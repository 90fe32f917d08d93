package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"perfpipe/internal/chart"
	"perfpipe/internal/record"
)

// agents retains the requests of a bounded number of sessions, chosen by the hash of their names, and the times of all.
type agents struct {
	byName map[string]*trajectory
	least  float64 // hashes of names are below it
	full   bool
}

// trajectory is a session.
type trajectory struct {
	name     string
	hash     float64
	steps    []step
	graph    bool // some request waits for another than the one before it
	due, end int64
	failed   bool
	total    int // requests, sent or not; 0: unknown
	seen     int // requests that were sent, or skipped after others
}

// whole reports whether no request is missing.
func (t *trajectory) whole() bool { return t.seen >= t.total }

// step is a request of a session. Times are in µs since the epoch.
type step struct {
	turn, depth int
	due, end    int64
	firstUs     int64 // the first output; 0 if the answer was not streamed
	after       []int // turns that it waited for
	label       string
	failed      bool
}

// Limits of what is retained of sessions.
const (
	mostSessions = 2000
	mostSteps    = 600 // of a session
)

// middle is the height of the middle of a row's rectangles.
const middle = 0.42

func (a *agents) add(r *record.Record) {
	if r.Session == "" || r.Phase == record.PhaseWarmup {
		return
	}
	name := r.SessionKey()
	hash := mix(xxhash.Sum64String(name))
	if a.full && hash >= a.least {
		return
	}
	t := a.byName[name]
	if t == nil {
		if a.byName == nil {
			a.byName = map[string]*trajectory{}
		}
		t = &trajectory{name: strings.Clone(r.Session), hash: hash}
		a.byName[strings.Clone(name)] = t
	}
	depth, after := r.Graph()
	s := step{turn: r.Turn, depth: max(depth, 1), due: due(r), end: r.EndUs(), failed: !r.OK,
		after: slices.Clone(after), label: strings.Clone(r.Labels["agent"])}
	if r.Streamed() {
		s.firstUs = r.SentUs + int64(r.TTFTMs*1000)
	}
	t.total, t.seen = max(t.total, r.Turns), t.seen+1+max(0, r.Skipped)
	t.put(s)
	a.limit()
}

// put adds a request.
func (t *trajectory) put(s step) {
	if t.due == 0 || s.due < t.due {
		t.due = s.due
	}
	t.end, t.failed = max(t.end, s.end), t.failed || s.failed
	t.graph = t.graph || len(s.after) > 1 || len(s.after) == 1 && s.after[0] != s.turn-1
	if len(t.steps) < mostSteps {
		t.steps = append(t.steps, s)
	}
}

// limit drops the sessions with the greatest hashes if there are too many.
func (a *agents) limit() {
	if len(a.byName) <= mostSessions {
		return
	}
	var hashes []float64
	for _, t := range a.byName {
		hashes = append(hashes, t.hash)
	}
	slices.Sort(hashes)
	a.least, a.full = hashes[mostSessions*3/4], true
	for name, t := range a.byName {
		if t.hash >= a.least {
			delete(a.byName, name)
		}
	}
}

func (a *agents) merge(o *agents) {
	if o.full && (!a.full || o.least < a.least) {
		a.least, a.full = o.least, true
	}
	for name, t := range o.byName {
		have := a.byName[name]
		if have == nil {
			if a.byName == nil {
				a.byName = map[string]*trajectory{}
			}
			a.byName[name] = t
			continue
		}
		have.total, have.seen = max(have.total, t.total), have.seen+t.seen
		for _, s := range t.steps {
			have.put(s)
		}
	}
	for name, t := range a.byName {
		if a.full && t.hash >= a.least {
			delete(a.byName, name)
		}
	}
	a.limit()
}

// sorted returns the sessions by the time that they took.
func (a *agents) sorted() (all []*trajectory) {
	for _, t := range a.byName {
		all = append(all, t)
	}
	slices.SortFunc(all, func(x, y *trajectory) int {
		return cmp.Or(cmp.Compare(x.end-x.due, y.end-y.due), cmp.Compare(x.name, y.name))
	})
	return all
}

// sessionTree draws the requests of a session over time, each in the row of its agent, and who waited for whom: of the
// complete sessions that fork the one whose time is the median.
func sessionTree(r *report) []chart.Figure {
	if len(r.sources) > 1 {
		return nil
	}
	all := slices.DeleteFunc(r.sources[0].agents.sorted(), func(t *trajectory) bool { return !t.graph })
	if whole := slices.DeleteFunc(slices.Clone(all), func(t *trajectory) bool { return !t.whole() }); len(whole) > 0 {
		all = whole // others may be cut off by the end of the run
	}
	if len(all) == 0 {
		return nil
	}
	t := all[len(all)/2]
	f := chart.Figure{
		Name: "session-tree", Section: r.tr("Conversations"), Title: r.tr("A session over time: who waited for whom"),
		Note: r.trf("Session %s, of median time. A row is a chain of requests; lines lead to those that waited.", t.name),
		X:    chart.Axis{Label: r.tr("time since the session began"), Unit: "s", Zero: true},
		Y:    chart.Axis{Label: r.tr("row"), Whole: true}, Wide: true, Height: 360, NoEnds: true,
		Alt: r.trf("%d requests of a session as bars along time.", len(t.steps)),
	}
	f.Series = t.draw(r)
	return []chart.Figure{f}
}

// draw returns the series of a session: its requests as rectangles, and lines between rows.
func (t *trajectory) draw(r *report) (out []chart.Series) {
	names := [...]string{r.tr("tools and users"), r.tr("to first token"), r.tr("decode"), r.tr("failed"), r.tr("request")}
	colors := [...]int{7, 4, 0, 1, 0}
	var series [len(names)]chart.Series
	for i := range series {
		series[i] = chart.Series{Name: names[i], Kind: chart.Rects, Color: colors[i], Faint: i == 0}
	}
	links := chart.Series{Name: r.tr("waits for"), Kind: chart.Line, Color: 3, Faint: true}
	rows := t.rows()
	at := func(us int64) float64 { return float64(us-t.due) / 1e6 }
	for i, s := range t.steps {
		row, text := float64(rows[i]), s.text(r)
		put := func(k int, from, to int64) {
			if to > from {
				x := &series[k]
				x.X, x.X2 = append(x.X, at(from)), append(x.X2, at(to))
				x.Y, x.Text = append(x.Y, row), append(x.Text, text)
			}
		}
		if p := t.last(s); p >= 0 {
			put(0, t.steps[p].end, s.due)
		}
		switch {
		case s.failed:
			put(3, s.due, max(s.end, s.due+100))
		case s.firstUs > 0:
			put(1, s.due, s.firstUs)
			put(2, s.firstUs, s.end)
		default: // the answer came at once
			put(4, s.due, s.end)
		}
		for _, n := range s.after {
			if p := t.index(n); p >= 0 && rows[p] != rows[i] {
				links.X = append(links.X, at(t.steps[p].end), at(s.due), math.NaN())
				links.Y = append(links.Y, float64(rows[p])+middle, row+middle, math.NaN())
			}
		}
	}
	for _, s := range append(series[:], links) {
		if s.Len() > 0 {
			out = append(out, s)
		}
	}
	return out
}

func (s *step) text(r *report) string {
	who := ""
	if s.label != "" {
		who = s.label + ", "
	}
	return fmt.Sprintf("%s%s %d, %s %d", who, r.tr("request"), s.turn, r.tr("depth"), s.depth)
}

// index returns the index of a turn, or -1.
func (t *trajectory) index(turn int) int {
	return slices.IndexFunc(t.steps, func(s step) bool { return s.turn == turn })
}

// last returns the index of the request that s waited for longest, or -1.
func (t *trajectory) last(s step) int {
	best := -1
	for _, n := range s.after {
		if p := t.index(n); p >= 0 && (best < 0 || t.steps[p].end > t.steps[best].end) {
			best = p
		}
	}
	return best
}

// rows sorts the requests by time and assigns each to a row: that of a request that it waited for, if no other request
// of its row follows it, or else a free one.
func (t *trajectory) rows() []int {
	slices.SortFunc(t.steps, func(a, b step) int {
		return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.turn, b.turn))
	})
	rows := make([]int, len(t.steps))
	var until []int64 // end of the last request of a row
	tail := map[int]int{}
	for i, s := range t.steps {
		row := -1
		for _, n := range s.after {
			if p := t.index(n); p >= 0 && p < i && tail[rows[p]] == p && (row < 0 || rows[p] < row) {
				row = rows[p]
			}
		}
		for k := range until {
			if row < 0 && until[k] <= s.due && !t.goesOn(tail[k], i) { // its chain is over
				row = k
			}
		}
		if row < 0 {
			row = len(until)
			until = append(until, 0)
		}
		rows[i], until[row], tail[row] = row, s.end, i
	}
	return rows
}

// goesOn reports whether a request from index i on waits for that of index p.
func (t *trajectory) goesOn(p, i int) bool {
	return slices.ContainsFunc(t.steps[i:], func(s step) bool { return slices.Contains(s.after, t.steps[p].turn) })
}
