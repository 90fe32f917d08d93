package load

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"slices"
)

// packed holds the requests of a session until they are due, in few objects. 10,000 sessions have more than 100,000
// requests that wait, and each would otherwise take 1 KB and the time of the garbage collector.
type packed struct {
	session string // of each request
	items   []item
	kinds   []*Request // each has what some of the requests have in common, maybe with those of other sessions
	text    []byte     // of each request its own fields, then the part of its body that is its own
}

// item is a packed request. Bodies of a session begin and end alike: with a model and options, or tools, which may be
// far longer than what is each one's own.
type item struct {
	delayMs      float64
	own, end     int // part of its body in text; the fields begin at the end of the item before
	begins, ends int // bytes that it has in common with the begin and the end of the first body
	kind         int
}

// numbers returns the integers that each request of a session has of its own.
func (r *Request) numbers() [5]*int {
	return [...]*int{&r.PromptTokens, &r.OwnTokens, &r.MaxTokens, &r.MinTokens, &r.Source.Line}
}

// setCommon sets r to what another request may have in common with others.
func (r *Request) setCommon(of *Request) {
	*r = *of
	r.ID, r.History, r.After, r.DelayMs = "", "", nil, 0
	for _, n := range r.numbers() {
		*n = 0
	}
	r.Session, r.Part, r.Body, r.Members, r.memory, r.Owner = "", nil, nil, nil, nil, nil
}

// Packer moves the requests of sessions to where they take little memory until they are due. The zero value is ready.
type Packer struct {
	text   []byte   // scratch
	common *Request // scratch
	last   *Request // kind
}

// Pack prepares the requests of a session, packs and releases them. If prepare returns an error, Pack returns it at
// once.
func (p *Packer) Pack(s *Session, prepare func(*Request) error) error {
	for _, r := range s.requests {
		if err := prepare(r); err != nil {
			return err
		}
	}
	p.pack(s)
	return nil
}

func (p *Packer) pack(s *Session) {
	packed, text := packed{session: s.requests[0].Session, items: make([]item, len(s.requests))}, p.text[:0]
	first := s.requests[0].Body
	for i, r := range s.requests {
		if p.common == nil {
			p.common = new(Request)
		}
		if p.common.setCommon(r); !reflect.DeepEqual(p.common, p.last) {
			p.last, p.common = p.common, nil
		}
		if n := len(packed.kinds); n == 0 || packed.kinds[n-1] != p.last {
			packed.kinds = append(packed.kinds, p.last)
		}
		at := item{delayMs: r.DelayMs, kind: len(packed.kinds) - 1}
		if i > 0 {
			at.begins, at.ends = alike(first, r.Body)
		}
		text = r.appendFields(text)
		at.own = len(text)
		text = append(text, r.Body[at.begins:len(r.Body)-at.ends]...)
		at.end = len(text)
		packed.items[i] = at
	}
	for _, r := range s.requests {
		r.Release()
	}
	if p.text, packed.text = nil, text; len(text) <= maxScratch {
		p.text, packed.text = text, bytes.Clone(text)
	}
	s.packed, s.requests = packed, nil
}

// alike returns how many bytes the begins and the ends of two texts have in common. They do not overlap.
func alike(a, b []byte) (begins, ends int) {
	most := min(len(a), len(b))
	for begins < most && a[begins] == b[begins] {
		begins++
	}
	for ends < most-begins && a[len(a)-1-ends] == b[len(b)-1-ends] {
		ends++
	}
	return begins, ends
}

// maxScratch is the longest text that is copied and not kept as it is, with what append has reserved.
const maxScratch = 1 << 20

// pack packs the requests, unless they have been packed.
func (s *Session) pack() {
	if s.requests != nil {
		new(Packer).pack(s)
	}
}

// appendFields appends the fields of r that others of its session do not share, except the body.
func (r *Request) appendFields(b []byte) []byte {
	for _, n := range r.numbers() {
		b = binary.AppendVarint(b, int64(*n))
	}
	b = binary.AppendUvarint(b, uint64(len(r.After)))
	for _, text := range append([]string{r.ID, r.History}, r.After...) {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return b
}

// setFields sets the fields that appendFields has appended.
func (r *Request) setFields(b []byte) {
	for _, n := range r.numbers() {
		v, size := binary.Varint(b)
		*n, b = int(v), b[size:]
	}
	uint := func() uint64 {
		v, size := binary.Uvarint(b)
		b = b[size:]
		return v
	}
	text := func() string {
		n := uint()
		t := string(b[:n])
		b = b[n:]
		return t
	}
	if n := uint(); n > 0 {
		r.After = make([]string, n)
	}
	r.ID, r.History = text(), text()
	for i := range r.After {
		r.After[i] = text()
	}
}

// Len returns the number of requests.
func (s *Session) Len() int { return s.Graph.Len() }

// size returns the approximate memory of a packed session in bytes.
func (s *Session) size() int {
	const common, graph = 500, 100 // of a kind, and of a request's place in the graph
	return len(s.packed.text) + len(s.packed.kinds)*common + len(s.packed.items)*(48+graph)
}

// Request returns a copy of request i of a session, which it packs first.
func (s *Session) Request(i int32) *Request {
	s.pack()
	at := &s.packed.items[i]
	r := *s.packed.kinds[at.kind]
	begin := 0
	if i > 0 {
		begin = s.packed.items[i-1].end
	}
	r.setFields(s.packed.text[begin:at.own])
	r.Session, r.Part, r.DelayMs, r.Body = s.packed.session, s, at.delayMs, s.body(i)
	return &r
}

// body returns the body of a packed request.
func (s *Session) body(i int32) []byte {
	at, p := &s.packed.items[i], &s.packed
	first, own := p.text[p.items[0].own:p.items[0].end], p.text[at.own:at.end]
	if i == 0 {
		return own[:len(own):len(own)]
	}
	return slices.Concat(first[:at.begins], own, first[len(first)-at.ends:])
}
