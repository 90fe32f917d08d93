package track

import (
	"maps"
	"slices"
)

// SetKeys adds variables of trackers, such as WANDB_API_KEY, to the environment. Empty values are left out.
func (o *Options) SetKeys(vars map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if value := vars[name]; value != "" {
			o.Keys = append(o.Keys, name+"="+value)
		}
	}
}
