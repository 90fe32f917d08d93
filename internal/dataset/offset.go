package dataset

import (
	"slices"

	"perfpipe/internal/request"
)

// behind returns a source without its first n requests, and without those that wait for one of them. Arrivals count
// from the first request that is left.
func (o *Options) behind(source Source, n int64) Source {
	return func(yield func(request.Request, error) bool) {
		var start *float64
		skipped := map[sessionPart]bool{}
		seen, orphans := int64(0), 0
		for r, err := range source {
			if err == nil {
				seen++
				orphan := seen > n && waits(&r, skipped)
				if orphan {
					orphans++
				}
				if seen <= n || orphan {
					if r.Session != "" {
						skipped[sessionPart{r.Session, r.ID}] = true
					}
					continue
				}
				if r.AtMs != nil {
					if start == nil {
						start = r.AtMs
					}
					at := roundMs(*r.AtMs - *start)
					r.AtMs = &at
				}
			}
			if !yield(r, err) {
				return
			}
		}
		o.once("%d requests after the first %d left out: they wait for some of those", orphans, n)
	}
}

// sessionPart identifies a request of a session.
type sessionPart struct{ session, id string }

// waits reports whether a request waits for one of others.
func waits(r *request.Request, others map[sessionPart]bool) bool {
	return r.History != "" && others[sessionPart{r.Session, r.History}] ||
		slices.ContainsFunc(r.After, func(id string) bool { return others[sessionPart{r.Session, id}] })
}
