package stats

import (
	"math/rand/v2"
	"testing"

	"perfpipe/internal/record"
)

// A load point whose requests were due at clearly less than its rate has a note, and no other has.
func TestOffered(t *testing.T) {
	const note = "not the 100/s of the load point"
	shard := func(startMs int64, of string) []*record.Record {
		return sent(300, startMs, 20, 30, func(i int, r *record.Record) { r.Shard, r.RunID = of, "a" })
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	bursts := func() []*record.Record { // of ten
		at := 0.0
		return sent(1000, 0, 0, 30, func(i int, r *record.Record) {
			if i%10 == 0 {
				at += rnd.ExpFloat64() * 100_000
			}
			r.ScheduledUs += int64(at)
			r.SentUs += int64(at)
		})
	}
	half := func(change func(*record.Record)) []*record.Record {
		return sent(300, 0, 20, 30, func(i int, r *record.Record) { change(r) })
	}
	for name, c := range map[string]struct {
		records []*record.Record
		want    bool
	}{
		"as asked":                  {records: sent(300, 0, 10, 30, nil)},
		"four fifths":               {records: sent(3000, 0, 12, 30, nil)},
		"half":                      {half(func(*record.Record) {}), true},
		"half of few":               {records: sent(60, 0, 20, 30, nil)},
		"shards":                    {records: append(shard(0, "0/2"), shard(10, "1/2")...)},
		"shards one after another":  {append(shard(0, "0/2"), shard(6000, "1/2")...), true},
		"shards hours apart":        {append(shard(0, "0/2"), shard(9_000_000, "1/2")...), true},
		"two runs":                  {records: append(sent(300, 0, 10, 30, nil), sent(300, 9_000_000, 10, 30, nil)...)},
		"a shard alone":             {records: shard(0, "0/2")}, // the others are missing: another note
		"without a rate":            {records: half(func(r *record.Record) { r.Rate = 0 })},
		"a closed loop":             {records: half(func(r *record.Record) { r.Mode = "closed" })},
		"sessions, which have more": {records: half(func(r *record.Record) { r.Session, r.Turn, r.Turns = r.ID, 1, 1 })},
	} {
		if b := blockOf(t, Options{}, c.records...); hasNote(&b, note) != c.want {
			t.Errorf("%s: %q", name, b.Notes)
		}
	}
	for range 200 {
		if b := blockOf(t, Options{}, bursts()...); hasNote(&b, note) {
			t.Fatalf("bursts: %q", b.Notes)
		}
	}
}
