package client

import (
	"math"
	"time"

	"perfpipe/internal/load"
)

// Batching returns the Config.Batch of load points. Responses wait at least 125 µs, and up to 250 µs if there are many
// slots, each of which takes far longer for a turn. They do not wait if there are few slots, or if the arrivals are
// scheduled.
func Batching(points []load.Point) time.Duration {
	slots := math.MaxInt
	for _, p := range points {
		if p.Mode != load.Closed {
			return 0
		}
		slots = min(slots, p.Parallel)
	}
	if slots < 64 {
		return 0
	}
	return time.Duration(min(max(125, slots/4), 250)) * time.Microsecond
}
