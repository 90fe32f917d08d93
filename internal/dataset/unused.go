package dataset

import (
	"slices"
	"strings"
)

// promptOnly is the name of a single prompt in the place of a dataset.
const promptOnly = "prompt"

// Unused returns those of the settings that a dataset, or prompt for a single one, does not use. Settings have the
// names of their flags. Settings that a dataset refuses with an error are not among them.
func Unused(name string, settings []string) []string {
	own, all := strings.Fields(asText+counted+fitted), []string{"sort"}
	if name == promptOnly { // it takes the place of the dataset, and has a length of its own
		all = append(all, "dataset", "min-prompt-length", "max-prompt-length", "dataset-args")
	}
	k, err := find(name)
	if err == nil {
		own = strings.Fields(k.uses)
	}
	if k.read != nil {
		own = append(own, "sort")
	}
	for _, k := range kinds() {
		all = append(all, strings.Fields(k.uses)...)
	}
	return slices.DeleteFunc(slices.Clone(settings), func(s string) bool {
		return !slices.Contains(all, s) || slices.Contains(own, s)
	})
}
