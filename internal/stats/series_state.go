package stats

import (
	"encoding/binary"
	"math"
	"slices"

	"perfpipe/internal/dist"
	"perfpipe/internal/metric"
)

// seriesInState limits the requests in a seriesState.
const seriesInState = 1 << 15

// seriesState is the state of a series, in the order of series.order.
type seriesState struct {
	Halvings int
	Due      []byte // packed
	Keys     []byte // little-endian, 4 bytes each
	OK       []bool
	Cols     []colState
}

type colState struct {
	Name   string // key of the metric
	Values []byte // little-endian float32
}

func (s *series) state() seriesState {
	if len(s.due) > seriesInState {
		sample := &series{}
		sample.merge(s)
		sample.bound(seriesInState)
		s = sample
	}
	order := s.order()
	out := seriesState{Halvings: s.halvings, Due: dist.Pack(func(yield func(int64) bool) {
		for _, i := range order {
			if !yield(s.due[i]) {
				return
			}
		}
	})}
	for _, i := range order {
		out.OK = append(out.OK, s.ok[i])
		out.Keys = binary.LittleEndian.AppendUint32(out.Keys, s.key[i])
	}
	for m, col := range s.cols {
		if col == nil {
			continue
		}
		c := colState{Name: metric.All()[m].Key}
		for _, i := range order {
			c.Values = binary.LittleEndian.AppendUint32(c.Values, math.Float32bits(col[i]))
		}
		out.Cols = append(out.Cols, c)
	}
	return out
}

func (s *seriesState) restore() (*series, error) {
	out := &series{halvings: s.Halvings, ok: s.OK}
	var err error
	if out.due, err = dist.Unpack(s.Due); err != nil || len(out.ok) != len(out.due) ||
		len(s.Keys) != 4*len(out.due) || s.Halvings < 0 || s.Halvings > 32 {
		return nil, dist.ErrState
	}
	for b := s.Keys; len(b) > 0; b = b[4:] {
		out.key = append(out.key, binary.LittleEndian.Uint32(b))
	}
	out.columns()
	for _, c := range s.Cols {
		i := slices.Index(metric.Keys(), c.Name)
		if i < 0 || len(c.Values) != 4*len(out.due) {
			return nil, dist.ErrState
		}
		for b := c.Values; len(b) > 0; b = b[4:] {
			out.cols[i] = append(out.cols[i], math.Float32frombits(binary.LittleEndian.Uint32(b)))
		}
	}
	return out, nil
}
