package client

import (
	"testing"
	"time"

	"perfpipe/internal/load"
)

func TestBatching(t *testing.T) {
	closed := func(slots ...int) (points []load.Point) {
		for _, n := range slots {
			points = append(points, load.Point{Mode: load.Closed, Parallel: n})
		}
		return points
	}
	for _, c := range []struct {
		name   string
		points []load.Point
		want   time.Duration
	}{
		{"few slots", closed(63), 0},
		{"64 slots", closed(64), 125 * time.Microsecond},
		{"800 slots", closed(800), 200 * time.Microsecond},
		{"many slots", closed(5000), 250 * time.Microsecond},
		{"the fewest of a sweep count", closed(5000, 8), 0},
		{"an open loop", append(closed(64), load.Point{Mode: load.Open}), 0},
		{"a capped loop", []load.Point{{Mode: load.Capped, Parallel: 64}}, 0},
	} {
		if got := Batching(c.points); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
