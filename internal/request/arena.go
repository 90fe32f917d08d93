package request

import "slices"

// Arena gives memory for many short texts from few large pieces.
type Arena struct{ free []byte }

const arenaPiece = 32 << 10

// Join copies parts, one after the other. A nil Arena gives each its own memory.
func (a *Arena) Join(parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	if a == nil || n > arenaPiece/8 {
		return slices.Concat(parts...)
	}
	if n > cap(a.free) {
		a.free = make([]byte, 0, arenaPiece)
	}
	out := a.free[:0:n]
	for _, p := range parts {
		out = append(out, p...)
	}
	a.free = a.free[n:n]
	return out
}
