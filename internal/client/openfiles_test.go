package client

import "testing"

func TestOpenFiles(t *testing.T) {
	for _, c := range []struct {
		limit, conns int
		scarce       bool
	}{
		{0, 0, false}, {1024, 1024 - spareFiles, false}, {128, 64, false}, {127, 103, true},
		{25, 1, true}, {24, -1, true}, {3, -1, true},
	} {
		if f := openFiles(c.limit); f.Conns() != c.conns || f.Scarce != c.scarce {
			t.Errorf("%d files: %d connections of %+v", c.limit, f.Conns(), f)
		}
	}
}
