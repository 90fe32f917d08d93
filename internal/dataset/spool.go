package dataset

import (
	"cmp"
	"iter"
	"math"
	"os"
	"slices"

	"github.com/cespare/xxhash/v2"

	"perfpipe/internal/dataset/synth"
	"perfpipe/internal/request"
)

// spot is the position of a request in a spool.
type spot struct {
	from, to int64
	atMs     float64 // NaN: none
	group    int     // lines of a session have that of its first line
}

// spooled reorders a source. Requests are written to a temporary file, so that memory holds 40 bytes of each. Bad
// lines are yielded first.
func spooled(source Source, order func([]spot) []spot, each func(*request.Request)) Source {
	return func(yield func(request.Request, error) bool) {
		file, err := os.CreateTemp("", "perf-gen-")
		if err != nil {
			yield(request.Request{}, err)
			return
		}
		defer os.Remove(file.Name())
		defer file.Close()
		spots, ok := spool(source, file, yield)
		if !ok {
			return
		}
		var line []byte
		for _, s := range order(spots) {
			line = slices.Grow(line[:0], int(s.to-s.from))[:s.to-s.from]
			_, err := file.ReadAt(line, s.from)
			var r request.Request
			if err == nil {
				r, err = request.Parse(line)
			}
			if err == nil {
				each(&r)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// spool writes the lines of a source to a file.
func spool(source Source, file *os.File, yield func(request.Request, error) bool) ([]spot, bool) {
	var spots []spot
	var buf []byte
	groups := map[uint64]int{} // by the hash of the session
	at := int64(0)
	for r, err := range source {
		if err != nil {
			if !yield(r, err) {
				return nil, false
			}
			continue
		}
		start := len(buf)
		if buf, err = r.Append(buf); err != nil {
			yield(r, err)
			return nil, false
		}
		s := spot{from: at + int64(start), to: at + int64(len(buf)), atMs: math.NaN()}
		if r.AtMs != nil {
			s.atMs = *r.AtMs
		}
		if s.group = len(spots); r.Session != "" && r.Turns == nil {
			key := xxhash.Sum64String(r.Session)
			if first, ok := groups[key]; ok {
				s.group = first
			} else {
				groups[key] = s.group
			}
		}
		spots = append(spots, s)
		if len(buf) >= 1<<20 {
			if _, err := file.Write(buf); err != nil {
				yield(r, err)
				return nil, false
			}
			at += int64(len(buf))
			buf = buf[:0]
		}
	}
	if _, err := file.Write(buf); err != nil {
		yield(request.Request{}, err)
		return nil, false
	}
	return spots, true
}

// The values of Options.Sort.
const (
	byArrival = "arrival"
	bySession = "session"
)

const drawOrder = 0x6f72646572

// shuffled returns a source in random order, a different one each time it is ranged over (Fisher-Yates, as in
// Durstenfeld 1964). The lines of a session stay together, in their order.
func shuffled(source Source, seed uint64) Source {
	pass := uint64(0)
	return spooled(source, func(all []spot) []spot {
		slices.SortStableFunc(all, func(a, b spot) int { return cmp.Compare(a.group, b.group) })
		groups := slices.Collect(chunks(all))
		r := synth.NewRand(seed, drawOrder, pass)
		pass++
		for n := len(groups); n > 1; n-- {
			k := r.Below(n)
			groups[k], groups[n-1] = groups[n-1], groups[k]
		}
		return slices.Concat(groups...)
	}, func(*request.Request) {})
}

// chunks returns the stretches of spots of the same group.
func chunks(all []spot) iter.Seq[[]spot] {
	return func(yield func([]spot) bool) {
		for len(all) > 0 {
			n := 1
			for n < len(all) && all[n].group == all[0].group {
				n++
			}
			if !yield(all[:n]) {
				return
			}
			all = all[n:]
		}
	}
}

// sorted orders a source by arrival time, relative to the first arrival. A line of a session that has none follows the
// line of the session above it.
func sorted(source Source) Source {
	var start float64 // unused if no line has a time
	return spooled(source, func(all []spot) []spot {
		start = math.Inf(1)
		known := make([]float64, len(all)) // by group
		for _, s := range slices.Backward(all) {
			if !math.IsNaN(s.atMs) {
				known[s.group] = s.atMs // in the end, that of its first line with a time
			}
		}
		for k, s := range all {
			if math.IsNaN(s.atMs) {
				all[k].atMs = known[s.group]
				continue
			}
			known[s.group], start = s.atMs, min(start, s.atMs)
		}
		slices.SortStableFunc(all, func(a, b spot) int {
			return cmp.Or(cmp.Compare(a.atMs, b.atMs), cmp.Compare(a.group, b.group))
		})
		return all
	}, func(r *request.Request) {
		if r.AtMs != nil {
			*r.AtMs = roundMs(*r.AtMs - start)
		}
	})
}

// together brings the lines of each session together, where its first line stood.
func together(source Source) Source {
	return spooled(source, func(all []spot) []spot {
		slices.SortStableFunc(all, func(a, b spot) int { return cmp.Compare(a.group, b.group) })
		return all
	}, func(*request.Request) {})
}
