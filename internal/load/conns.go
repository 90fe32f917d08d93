package load

// LimitConns limits the requests in flight of open loops and of sessions to conns connections, of which each request
// needs one. It returns the first of the other points that has more slots than connections, or nil. If conns is 0,
// there is no limit.
func LimitConns(points []Point, conns int) *Point {
	if conns == 0 {
		return nil
	}
	for i := range points {
		p := &points[i]
		p.Conns = conns
		switch {
		case p.Mode == Open:
			p.Limit = conns
		case p.Limit > conns:
			return p
		}
	}
	return nil
}
