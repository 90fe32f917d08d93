package fastjson

import (
	"errors"
	"fmt"

	"github.com/goccy/go-json"
)

// Member is one member of a JSON object. Its fields are slices of the object's text.
type Member struct {
	Name  []byte // decoded; not a slice of the text if it has escapes
	Pair  []byte // the whole member: name, colon and value
	Value []byte // as written
}

// String returns the value if it is a string, or else an empty string.
func (m *Member) String() string {
	var s string
	if len(m.Value) == 0 || m.Value[0] != '"' || json.Unmarshal(m.Value, &s) != nil {
		return ""
	}
	return s
}

// Members are the members of an object in their order.
type Members []Member

// Get returns the first member with the name, or nil if there is none.
func (l Members) Get(name string) *Member {
	for i := range l {
		if string(l[i].Name) == name {
			return &l[i]
		}
	}
	return nil
}

// Distinct returns an error if two members have the same name: readers of JSON differ in which of them they take.
func (l Members) Distinct() error {
	if len(l) > 64 { // comparing all pairs takes long
		seen := make(map[string]bool, len(l))
		for i := range l {
			if seen[string(l[i].Name)] {
				return l.twice(i)
			}
			seen[string(l[i].Name)] = true
		}
		return nil
	}
	for i := range l {
		for k := range i {
			if string(l[i].Name) == string(l[k].Name) {
				return l.twice(i)
			}
		}
	}
	return nil
}

func (l Members) twice(i int) error { return fmt.Errorf("two members are named %.60q", l[i].Name) }

var errInvalid = errors.New("not valid JSON")

// AppendMembers appends the members of the object that text is. It returns an error unless all of text is valid JSON
// (RFC 8259), which it checks in the same pass: most request lines are long, and this is all that is needed of them.
func AppendMembers(list Members, text []byte) (Members, error) {
	s := Scanner{b: text}
	if s.Space(); !s.Byte('{') {
		return list, errInvalid
	}
	for more := s.first('}'); more; more = s.more('}') {
		from := s.i
		name, escaped, ok := s.String()
		if !ok {
			return list, errInvalid
		}
		if escaped {
			var decoded string
			if json.Unmarshal(text[from:s.i], &decoded) != nil {
				return list, errInvalid
			}
			name = []byte(decoded)
		}
		if s.Space(); !s.Byte(':') {
			return list, errInvalid
		}
		s.Space()
		at := s.i
		if !s.value(1) {
			return list, errInvalid
		}
		list = append(list, Member{Name: name, Value: text[at:s.i], Pair: text[from:s.i]})
	}
	if s.Space(); s.bad || !s.Done() {
		return list, errInvalid
	}
	return list, nil
}
