package stats

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"github.com/cespare/xxhash/v2"

	"perfpipe/internal/dist"
	"perfpipe/internal/radix"
	"perfpipe/internal/record"
)

// maxIDs limits the hashes in ids. Each time there are more, ids drops half of them, chosen by hash.
const maxIDs = 1 << 16

// ids detects duplicate records by a hash of run ID, load point, request ID and sequence number. A request line that is
// sent several times has a different sequence number each time.
type ids struct {
	halvings int // number of zero bits that a hash must have to be kept
	hashes   []uint64
}

func (s *ids) add(r *record.Record, run uint64) {
	if r.ID == "" {
		return
	}
	h := xxhash.Sum64String(r.ID) ^ run
	h ^= uint64(r.Seq) * 0x9E3779B97F4A7C15
	s.put(h * 0xBF58476D1CE4E5B9)
}

func (s *ids) put(h uint64) {
	if s.halvings > 0 && bits.TrailingZeros64(bits.ReverseBytes64(h)) < s.halvings {
		return
	}
	if s.hashes = append(s.hashes, h); len(s.hashes) > maxIDs {
		for len(s.hashes) > maxIDs && s.halvings < 64 {
			s.halvings++
			s.drop()
		}
	}
}

func (s *ids) drop() {
	s.hashes = slices.DeleteFunc(s.hashes, func(h uint64) bool {
		return bits.TrailingZeros64(bits.ReverseBytes64(h)) < s.halvings
	})
}

func (s *ids) merge(o *ids) {
	if o.halvings > s.halvings {
		s.halvings = o.halvings
		s.drop()
	}
	for _, h := range o.hashes {
		s.put(h)
	}
}

// note returns a note on duplicate records among total records.
func (s *ids) note(total int64) []string {
	sorted := slices.Clone(s.hashes)
	radix.Sort(sorted)
	again := len(sorted) - len(slices.Compact(sorted))
	if again == 0 {
		return nil
	}
	about := ""
	if s.halvings > 0 {
		about = "about "
	}
	return []string{fmt.Sprintf("%s%d of %d records have the id and seq of another one: "+
		"the same records twice, or runs that cannot be told apart", about, again<<s.halvings, total)}
}

// idsState is the state of ids, with the hashes in ascending order.
type idsState struct {
	Halvings int
	Hashes   []byte // little-endian, 8 bytes each
}

func (s *ids) state() idsState {
	out := idsState{Halvings: s.halvings}
	for _, h := range slices.Sorted(slices.Values(s.hashes)) {
		out.Hashes = binary.LittleEndian.AppendUint64(out.Hashes, h)
	}
	return out
}

func (s *idsState) restore() (*ids, error) {
	if len(s.Hashes)%8 != 0 || len(s.Hashes) > 8*maxIDs || s.Halvings < 0 || s.Halvings > 64 {
		return nil, dist.ErrState
	}
	out := &ids{halvings: s.Halvings}
	for b := s.Hashes; len(b) > 0; b = b[8:] {
		out.put(binary.LittleEndian.Uint64(b))
	}
	return out, nil
}
