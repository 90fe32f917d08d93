package client

import "testing"

func TestOpenFiles(t *testing.T) {
	for _, c := range []struct {
		limit, conns, both int
		scarce             bool
	}{
		{0, 0, 0, false}, {1024, 1024 - spareFiles, 480, false}, {128, 64, 32, false}, {127, 103, 51, true},
		{25, 1, -1, true}, {24, -1, -1, true}, {3, -1, -1, true},
	} {
		f := openFiles(c.limit)
		if f.Conns(false) != c.conns || f.Conns(true) != c.both || f.Scarce != c.scarce {
			t.Errorf("%d files: %d connections, %d with both ends, of %+v", c.limit, f.Conns(false), f.Conns(true), f)
		}
	}
}
