package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/tidwall/gjson"

	"perfpipe/internal/dataset/synth"
	"perfpipe/internal/fault"
)

// blockID identifies a block of a prompt by seeds of its text. A number below 2⁶⁴ is its own seed, so that traces yield
// the same prompts in each release; other hashes are hashed. Different hashes have different seeds.
type blockID []uint64

// readHash parses one of hash_ids: a signed or unsigned number of up to 64 bits, or a string.
func readHash(v gjson.Result) (blockID, error) {
	switch v.Type {
	case gjson.Number:
		if n, err := strconv.ParseUint(v.Raw, 10, 64); err == nil {
			return blockID{n}, nil
		}
		if v.Num >= 0 && v.Num < 1<<53 && v.Num == math.Trunc(v.Num) { // 12.0
			return blockID{uint64(v.Num)}, nil
		}
	case gjson.String:
		v.Raw = "s" + v.Str
	default:
		return nil, fmt.Errorf("a hash is neither a number nor a text: %.40s", v.Raw)
	}
	sum := sha256.Sum256([]byte(v.Raw))
	return blockID{binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])}, nil
}

// rand returns the random numbers of the block's text.
func (id blockID) rand(seed uint64) *synth.Rand {
	return synth.NewRand(append([]uint64{seed, drawBlock}, id...)...)
}

// fits reports whether in tokens in blocks of a size have this number of hashes: of all blocks, or of the full ones.
func fits(hashes int, in, size int64) bool {
	n := int64(hashes)
	return n == (in+size-1)/size || n == in/size
}

// span is a range of block sizes.
type span struct{ lo, hi int64 }

// sizes returns the block sizes with which in tokens have this number of blocks, the last of which may be partial.
func sizes(hashes int, in int64) span {
	n := int64(hashes)
	s := span{(in + n - 1) / n, math.MaxInt64}
	if n > 1 {
		s.hi = (in+n-2)/(n-1) - 1
	}
	return s
}

// one returns the only size in the range, or the only power of two in it.
func (s span) one() (int64, bool) {
	if s.lo == s.hi {
		return s.lo, true
	}
	found := int64(0)
	for p := int64(1); p <= s.hi && p > 0; p *= 2 {
		if p >= s.lo {
			if found > 0 {
				return 0, false
			}
			found = p
		}
	}
	return found, found > 0
}

// blockSize returns the tokens per hashed block of a trace: the number that the user names; the default of the format,
// unless the first lines contradict it; or the size on which these lines agree.
func (t *trace) blockSize(name string, byFormat int64, first []gjson.Result) int64 {
	if t.o.BlockSize > 0 {
		return int64(t.o.BlockSize)
	}
	all, contradicted := span{1, math.MaxInt64}, false
	for _, v := range first {
		in, err := whole(v, "input_length")
		n := len(embedded(v.Get("hash_ids")).Array())
		if err != nil || n == 0 || in < 1 {
			continue
		}
		s := sizes(n, in)
		all.lo, all.hi = max(all.lo, s.lo), min(all.hi, s.hi)
		contradicted = contradicted || !fits(n, in, byFormat)
	}
	if !contradicted {
		return byFormat
	}
	if size, ok := all.one(); ok {
		t.o.say("%s: blocks of %d tokens, by the number of hash_ids", name, size)
		return size
	}
	return byFormat
}

// checkBlocks returns an error if the number of hashes contradicts the number of tokens.
func checkBlocks(hashes int, in, size int64) error {
	if hashes == 0 || fits(hashes, in, size) {
		return nil
	}
	return fault.Of("", "block-size", "%d hash_ids are not those of %d tokens in blocks of %d", hashes, in, size)
}
