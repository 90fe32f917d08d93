package dataset

import (
	"llmperf/internal/dataset/synth"
	"llmperf/internal/request"
)

const drawOrder = 0x6f72646572

// shuffled gives a source in random order, another one each time it is ranged over. It holds all of it in memory:
// nothing less gives every order the same chance (Fisher and Yates, as Durstenfeld 1964 has it).
func shuffled(source Source, seed uint64) Source {
	pass := uint64(0)
	return func(yield func(request.Request, error) bool) {
		var all []request.Request
		for r, err := range source {
			if err == nil {
				all = append(all, r)
			} else if !yield(r, err) {
				return
			}
		}
		r := synth.NewRand(seed, drawOrder, pass)
		pass++
		for n := len(all); n > 0; n-- {
			k := r.Below(n)
			all[k], all[n-1] = all[n-1], all[k]
			if !yield(all[n-1], nil) {
				return
			}
			all[n-1] = request.Request{}
		}
	}
}
