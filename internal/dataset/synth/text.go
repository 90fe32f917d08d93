package synth

import (
	"fmt"
	"slices"
)

// batch is the number of words written between two checks of the capacity.
const batch = 64

// Append appends prefix, which is empty or text of this table, and n more tokens, escaped as in a JSON string: words
// drawn independently and uniformly, of which the first and last of a text are heads.
func (w *Words) Append(dst, prefix []byte, r *Rand, n int) ([]byte, error) {
	if w.count != nil {
		return w.appendCounted(dst, prefix, r, n)
	}
	return w.append(append(dst, prefix...), r, n, len(prefix) > 0), nil
}

// Join appends n tokens to dst, which ends in text of this table. It needs a proof that counts add up.
func (w *Words) Join(dst []byte, r *Rand, n int) ([]byte, error) {
	if w.count != nil {
		return dst, fmt.Errorf("vocabulary %s: its pre-tokenizer gives no proof that the tokens of joined texts add up",
			w.name)
	}
	return w.append(dst, r, n, true), nil
}

// append is Append after the prefix. If there is one (joined), the text begins with a space.
func (w *Words) append(dst []byte, r *Rand, n int, joined bool) []byte {
	if n <= 0 {
		return dst
	}
	if n > 1 || !joined {
		first := len(dst)
		dst = w.word(dst, w.spans[r.Below(w.heads)])
		if !joined {
			dst = slices.Delete(dst, first, first+1) // the space before it
		}
		n--
	}
	for n > 1 {
		k := min(n-1, batch)
		dst = w.words(dst, r, k)
		n -= k
	}
	if n == 1 {
		dst = w.word(dst, w.spans[r.Below(w.heads)])
	}
	return dst
}

func (w *Words) word(dst []byte, span uint32) []byte {
	return append(dst, w.blob[span>>lengthBits:][:span&maxLength]...)
}

// words appends k words, at most a batch. One random number of 64 bits yields two; each word is copied as 16 bytes,
// since a copy of constant size is one instruction and nine of ten words are not longer.
func (w *Words) words(dst []byte, r *Rand, k int) []byte {
	dst = slices.Grow(dst, batch*maxLength+stride)
	out, at := dst[:cap(dst)], len(dst)
	blob, spans, n := w.blob, w.spans, uint64(len(w.spans))
	var bits uint64
	for i := range k {
		if i&1 == 0 {
			bits = r.Next()
		} else {
			bits >>= 32
		}
		span := spans[(bits&(1<<32-1))*n>>32]
		from, length := int(span>>lengthBits), int(span&maxLength)
		*(*[stride]byte)(out[at:]) = *(*[stride]byte)(blob[from:])
		if length > stride {
			copy(out[at+stride:], blob[from+stride:from+length])
		}
		at += length
	}
	return out[:at]
}
