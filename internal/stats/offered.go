package stats

import (
	"fmt"
	"math"
)

// A load point has clearly fewer requests than its rate asks for below this share of them, if that is this number of
// standard deviations of a Poisson process. The bursts of other arrival processes have larger ones.
const (
	offeredShare  = 0.75
	offeredSigmas = 8
)

// offered returns a note if clearly fewer requests were due than the rate asks for: the load was not the one that the
// block is named for. all are the stretches in which the load was under way.
func (g *accumulator) offered(all []stretch) []string {
	if g.part || g.rate == 0 || g.facts[factMode][closedLoop] || len(g.facts[factRun]) != 1 || g.leftOut.requests > 0 ||
		len(g.sessions.byName) > 0 || len(missingShards(g.facts[factShard])) > 0 {
		return nil
	}
	var due, first, end int64 // requests, bins
	for _, s := range all {
		if s.dues == 0 {
			continue
		}
		if due == 0 {
			first = s.first
		}
		due, end = due+s.dues, s.first+s.n
	}
	seconds := float64((end-first)*g.flights.time.width()) / 1e6
	asked := g.rate * seconds
	if float64(due) >= offeredShare*asked || asked-float64(due) < offeredSigmas*math.Sqrt(asked) {
		return nil
	}
	return []string{fmt.Sprintf("requests were due at %.3g/s, not the %v/s of the load point: these are not all of its "+
		"records, or its shards did not run at the same time", float64(due)/seconds, g.rate)}
}
