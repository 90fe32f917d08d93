package report

import (
	"slices"
	"strings"
	"testing"

	"perfpipe/internal/chart"
	"perfpipe/internal/record"
	"perfpipe/internal/stats"
)

// tree returns the records of a session: request 1, then 2 and 3 abreast, and 4 after both.
func tree() []record.Record {
	at := func(turn, depth int, dueMs, ms int64, after ...int) record.Record {
		us := int64(1_700_000_000_000_000) + dueMs*1000
		return record.Record{Run: "r", Session: "s", Turn: turn, Turns: 4, Depth: depth, AfterTurns: after, ScheduledUs: us,
			SentUs: us, TTFTMs: 10, LatencyMs: float64(ms), OK: true, Seq: int64(turn)}
	}
	return []record.Record{at(1, 1, 0, 100), at(2, 2, 100, 50, 1), at(3, 2, 120, 200, 1), at(4, 3, 400, 100, 2, 3)}
}

// A session that the end of the run cut off is not drawn if there is one that is complete.
func TestSessionTreeIsOfAWholeSession(t *testing.T) {
	cut := tree()[:3]
	for i := range cut {
		cut[i].Session, cut[i].LatencyMs = "cut", 900
	}
	src := &Source{name: "a", stats: stats.New(stats.Options{}), gathered: newGathered()}
	draw := func(records []record.Record) string {
		for i := range records {
			src.stats.Add(&records[i])
			src.add(&records[i])
		}
		return sessionTree(newReport([]*Source{src}, Options{}))[0].Note
	}
	if note := draw(cut); !strings.HasPrefix(note, "Session cut,") {
		t.Error(note)
	}
	if note := draw(tree()); !strings.HasPrefix(note, "Session s,") {
		t.Error(note)
	}
}

// A fork begins a row, and what waited for several rows continues in the first of them. The figure does not depend on
// the order of the records.
func TestSessionTree(t *testing.T) {
	forward := tree()
	backward := slices.Clone(forward)
	slices.Reverse(backward)
	for _, records := range [][]record.Record{forward, backward} {
		src := &Source{name: "a", stats: stats.New(stats.Options{}), gathered: newGathered()}
		for i := range records {
			src.stats.Add(&records[i])
			src.add(&records[i])
		}
		figures := sessionTree(newReport([]*Source{src}, Options{}))
		if len(figures) != 1 {
			t.Fatalf("%d figures", len(figures))
		}
		byName := map[string]chart.Series{}
		for _, s := range figures[0].Series {
			byName[s.Name] = s
		}
		decode, waits := byName["decode"], byName["tools and users"]
		if !slices.Equal(decode.Y, chart.Column{0, 0, 1, 0}) || !slices.Equal(decode.X2, chart.Column{0.1, 0.15, 0.32, 0.5}) {
			t.Errorf("decode in rows %v until %v", decode.Y, decode.X2)
		}
		if !slices.Equal(waits.X, chart.Column{0.1, 0.32}) || !slices.Equal(waits.X2, chart.Column{0.12, 0.4}) {
			t.Errorf("tools from %v to %v", waits.X, waits.X2)
		}
		if links := byName["waits for"]; len(links.X) != 6 { // 1 to 3, and 3 to 4
			t.Errorf("links %v", links.X)
		}
		if want := "request 4, depth 3"; !strings.HasSuffix(decode.Text[3], want) {
			t.Errorf("%q, want %q", decode.Text[3], want)
		}
	}
}

// A chain has no tree.
func TestChainHasNoTree(t *testing.T) {
	src := &Source{name: "a", stats: stats.New(stats.Options{}), gathered: newGathered()}
	for _, r := range tree()[:2] {
		src.stats.Add(&r)
		src.add(&r)
	}
	if figures := sessionTree(newReport([]*Source{src}, Options{})); figures != nil {
		t.Errorf("%d figures", len(figures))
	}
}
