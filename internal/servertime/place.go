package servertime

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// Place is where one server reports times in an answer.
type Place struct {
	From string  // the server; empty: the place has tokens only
	At   string  // the path of an object, dots between the keys; empty: the whole event, or the header
	Has  string  // a member of the object without which the place is another server's
	Unit float64 // of times, in ms: 1000 if they are in seconds

	// Scheduled: TTFT and Total count from scheduling. Otherwise they count from receipt.
	Scheduled bool
	// Proxy: the server is not the one that generates the answer.
	Proxy bool

	Terms map[string]Term // by member, or by name of a field in lower case. Several of one term add up.
}

// Table has the places of a dialect.
type Table struct {
	body   []Place
	header []Place
	first  map[string]bool // the first keys of the paths of body
}

// NewTable returns the table of places in bodies and in headers.
func NewTable(body, header []Place) *Table {
	t := &Table{body: body, header: header, first: map[string]bool{}}
	for _, p := range body {
		if p.At == "" {
			for key := range p.Terms {
				t.first[key] = true
			}
			continue
		}
		key, _, _ := strings.Cut(p.At, ".")
		t.first[key] = true
	}
	return t
}

// Concerns reports whether a member at the top of an event may have times.
func (t *Table) Concerns(key string) bool { return t != nil && t.first[key] }

// Event reads the times in an event, or in a whole answer. It returns nil if there are none.
func (t *Table) Event(event gjson.Result) *Times {
	var all Times
	for i := range t.body {
		p := &t.body[i]
		if p.Has != "" && !strings.Contains(event.Raw, p.Has) {
			continue
		}
		object := event
		if p.At != "" {
			if object = event.Get(p.At); object.IsArray() { // one for each choice, of which the first is the only one
				object = only(object)
			}
		}
		if strings.HasPrefix(p.At, "choices.") && event.Get("choices.1").Exists() {
			continue // several sequences
		}
		one := p.object(object)
		if !one.Empty() {
			all.Merge(&one)
		}
	}
	if all.Empty() {
		return nil
	}
	return &all
}

// only returns the element of a list of one.
func only(list gjson.Result) gjson.Result {
	if list.Get("1").Exists() {
		return gjson.Result{}
	}
	return list.Get("0")
}

func (p *Place) object(object gjson.Result) (t Times) {
	if !object.IsObject() || p.Has != "" && !object.Get(gjson.Escape(p.Has)).Exists() {
		return t
	}
	object.ForEach(func(key, v gjson.Result) bool {
		if term, ok := p.Terms[key.Str]; ok {
			p.read(&t, term, v)
		}
		return true
	})
	p.finish(&t)
	return t
}

// finish completes what was read in p.
func (p *Place) finish(t *Times) {
	if t.Scheduled = p.Scheduled; p.Proxy {
		t.Proxy = p.From
	} else {
		t.From = p.From
	}
	t.derive()
}

// read reads one value: a number, or a string that has one. Anything else, such as null, was not reported.
func (p *Place) read(t *Times, term Term, v gjson.Result) {
	f := v.Num
	switch v.Type {
	case gjson.Number:
	case gjson.String:
		var err error
		if f, err = strconv.ParseFloat(strings.TrimSpace(v.Str), 64); err != nil {
			return
		}
	default:
		return
	}
	if term < Draft || term == PrefillBegin || term == PrefillEnd {
		f *= p.Unit
	}
	t.add(term, f)
}

// Fields returns the names of the header fields that may have times, in lower case, in any order.
func (t *Table) Fields() []string {
	names := []string{serverTiming}
	for i := range t.header {
		p := &t.header[i]
		for name := range p.Terms {
			names = append(names, name)
		}
		if _, isTerm := p.Terms[p.Has]; p.Has != "" && !isTerm {
			names = append(names, p.Has)
		}
	}
	return names
}

// Header reads the times in header fields; value returns the value of a field, or an empty string. It returns nil if
// there are none.
func (t *Table) Header(value func(name string) string) *Times {
	if t == nil {
		return nil
	}
	var all Times
	if one := parseServerTiming(value(serverTiming)); !one.Empty() {
		all.Merge(&one)
	}
	for i := range t.header {
		p := &t.header[i]
		var one Times
		if p.Has != "" && value(p.Has) == "" {
			continue
		}
		for name, term := range p.Terms {
			if v := value(name); v != "" {
				p.read(&one, term, gjson.Result{Type: gjson.String, Str: v})
			}
		}
		if !one.Empty() {
			p.finish(&one)
			all.Merge(&one)
		}
	}
	if all.Empty() {
		return nil
	}
	return &all
}
