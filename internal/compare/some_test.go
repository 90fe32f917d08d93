package compare

import (
	"slices"
	"strings"
	"testing"
)

// A list is cut if at least two of its reasons are left out.
func TestSome(t *testing.T) {
	all := strings.Split("abcdefghij", "")
	if got := Some(all[:9]); !slices.Equal(got, all[:9]) {
		t.Errorf("nine: %q", got)
	}
	if got, want := Some(all), append(slices.Clone(all[:8]), "2 more"); !slices.Equal(got, want) {
		t.Errorf("ten: %q, want %q", got, want)
	}
}
