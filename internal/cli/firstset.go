package cli

import (
	"maps"
	"slices"
)

// FirstSet returns the first of the flags, in the order of their names, that is set, or "".
func FirstSet(flags map[string]bool) string {
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		if flags[name] {
			return name
		}
	}
	return ""
}
