package stats

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestBrokenInput checks that a read error is returned, and that the line it cut off is not reported as a bad line.
func TestBrokenInput(t *testing.T) {
	broken := errors.New("broken")
	for _, pieces := range [][]string{
		{"{\"ok\":true}\n{\"ok\":tr"},
		{"{\"ok\":true}\n", "{\"ok\":tr", "ue"},
		{"{\"ok\":true}", "\n"},
	} {
		var in []io.Reader
		for _, piece := range pieces {
			in = append(in, strings.NewReader(piece))
		}
		s := NewStream(Options{}, 2, false)
		if err := s.Read(t.Context(), io.MultiReader(append(in, iotest.ErrReader(broken))...), "in"); !errors.Is(err, broken) {
			t.Errorf("%q: %v", pieces, err)
		}
		if n := s.Collector().Summary().Blocks[0].Requests; n != 1 {
			t.Errorf("%q: %d requests", pieces, n)
		}
	}
}
