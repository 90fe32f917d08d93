package sessions

import (
	"cmp"
	"slices"
)

// frontier tracks the last call of each stream that had ended, as time advances.
type frontier struct {
	ends   []*wekaCall                  // not yet ended, by their ends
	latest map[int]map[string]*wekaCall // by scope and agent
}

func newFrontier(all []*wekaCall) *frontier {
	f := &frontier{ends: slices.Clone(all), latest: map[int]map[string]*wekaCall{}}
	slices.SortStableFunc(f.ends, func(a, b *wekaCall) int {
		return cmp.Or(cmp.Compare(a.end(), b.end()), cmp.Compare(a.T, b.T))
	})
	return f
}

// before returns the last calls of the other streams in c's scope that had ended when c started. Calls that started
// together are not ordered. It must be called in order of time.
func (f *frontier) before(c *wekaCall) (waits []*wekaCall) {
	for len(f.ends) > 0 {
		e := f.ends[0]
		if e.end() > c.T+epsilon || e.T >= c.T {
			break // a call of no length that starts with c sorts behind those that ended
		}
		if f.latest[e.scope] == nil {
			f.latest[e.scope] = map[string]*wekaCall{}
		}
		f.latest[e.scope][e.agent] = e
		f.ends = f.ends[1:]
	}
	for agent, e := range f.latest[c.scope] {
		if agent != c.agent {
			waits = append(waits, e)
		}
	}
	return waits
}
