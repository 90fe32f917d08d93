package stats

import (
	"slices"
	"testing"

	"perfpipe/internal/record"
)

func TestMissingShards(t *testing.T) {
	for _, c := range []struct{ shards, want []string }{
		{nil, []string{}},
		{[]string{"0/3", "1/3", "2/3"}, []string{}},
		{[]string{"2/3"}, []string{"records of the shards 0/3, 1/3 are missing"}},
		{[]string{"0/2", "1/2", "1/3", "0/3"},
			[]string{"records of the shards 2/3 are missing", "runs of [2 3] shards are mixed"}},
		{[]string{"nonsense", "5/3", "0/99999999999999999999", "-1/2"}, []string{}},
	} {
		a, b := New(Options{}), New(Options{})
		for i, s := range c.shards {
			[]*Collector{a, b}[i%2].Add(&record.Record{Shard: s, OK: true, ScheduledUs: 1, SentUs: 1})
		}
		a.Merge(b)
		if len(c.shards) == 0 {
			a.Add(&record.Record{OK: true, ScheduledUs: 1, SentUs: 1})
		}
		if got := a.Summary().Blocks[0].Notes; !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.shards, got, c.want)
		}
	}
}
