package client

import (
	"math"
	"time"

	"perfpipe/internal/load"
)

// BatchDelay returns the Config.Batch of load points: 125 µs, and up to 250 µs if there are many slots, each of which
// takes far longer for a turn. It is 0 if there are few slots, or if the arrivals are scheduled.
func BatchDelay(points []load.Point) time.Duration {
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
