package load

import "testing"

func TestLimitConns(t *testing.T) {
	for _, c := range []struct {
		conns int
		open  int // limit of the open loop then
		over  int // limit of the point that is returned; 0: none
	}{{0, 0, 0}, {8, 8, 0}, {7, 7, 8}, {3, 3, 4}} {
		points := []Point{{Mode: Open}, {Mode: Closed, Limit: 4}, {Mode: Capped, Limit: 8}}
		over := 0
		if p := LimitConns(points, c.conns); p != nil {
			over = p.Limit
		}
		if over != c.over || points[0].Limit != c.open {
			t.Errorf("%d connections: open loop %d, over %d; want %d, %d", c.conns, points[0].Limit, over, c.open, c.over)
		}
	}
}
