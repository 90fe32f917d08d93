package dist

import (
	"encoding/binary"
	"errors"
	"iter"
	"slices"
)

// State is the serialized form of a Dist. Equal values have equal states, since packed lists are in ascending order.
type State struct {
	Name   string // set by the owner of the distribution
	Values []byte // packed values of an exact Dist
	Sketch []byte // packed pairs of a bucket and its count; nil for an exact Dist

	Inf int64 // number of values of +∞

	// The rest describes the values of a sketch that share buckets.
	Min, Max   int64
	Sum        uint64 // Σv
	SqHi, SqLo uint64 // Σv² in 128 bits
}

// ErrState reports a damaged State.
var ErrState = errors.New("the state is damaged")

// Pack encodes integers as varints, each of the difference from the one before.
func Pack(values iter.Seq[int64]) []byte {
	var b []byte
	last := int64(0)
	for v := range values {
		b = binary.AppendVarint(b, v-last)
		last = v
	}
	return b
}

// Unpack decodes the result of Pack. It returns ErrState if b is damaged.
func Unpack(b []byte) ([]int64, error) {
	var out []int64
	last := int64(0)
	for len(b) > 0 {
		d, n := binary.Varint(b)
		if n <= 0 {
			return nil, ErrState
		}
		last += d
		out = append(out, last)
		b = b[n:]
	}
	return out, nil
}

// State returns the state of d under a name.
func (d *Dist) State(name string) State {
	s := State{Name: name, Inf: d.inf}
	if d.sketch == nil {
		sorted := Dist{list: list{last: d.list.sorted()}, wide: slices.Sorted(slices.Values(d.wide))}
		s.Values = Pack(func(yield func(int64) bool) {
			sorted.Values()(func(v, _ int64) bool { return yield(v) })
		})
		return s
	}
	k := d.sketch
	s.Min, s.Max, s.Sum, s.SqHi, s.SqLo = k.min, k.max, k.over.sum, k.over.sqHi, k.over.sqLo
	s.Sketch = Pack(func(yield func(int64) bool) {
		for i, c := range k.buckets {
			if !yield(int64(i)) || !yield(int64(c)) {
				return
			}
		}
	})
	return s
}

// Restore adds the values of a State to d. It returns ErrState if s is damaged.
func (d *Dist) Restore(s State) error {
	values, err := Unpack(s.Values)
	if err != nil {
		return err
	}
	for _, v := range values {
		if !d.Add(v) {
			return ErrState
		}
	}
	d.inf += s.Inf
	if s.Sketch == nil {
		return nil
	}
	counts, err := Unpack(s.Sketch)
	if err != nil || len(counts)%2 != 0 {
		return ErrState
	}
	o := Dist{sketch: &sketch{min: s.Min, max: s.Max, over: moment{s.Sum, s.SqHi, s.SqLo}}}
	for i := 0; i < len(counts); i += 2 {
		at, n := counts[i], counts[i+1]
		if at < 0 || at >= buckets || n <= 0 {
			return ErrState
		}
		o.sketch.counters(int(at >> pageBits))[at&(1<<pageBits-1)] += uint64(n)
		o.sketch.n += n
	}
	d.Merge(&o)
	return nil
}
