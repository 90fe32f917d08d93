package feed

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"perfpipe/internal/load"
	"perfpipe/internal/request"
)

// gatherer joins the lines of sessions, and the turns of conversations, to requests that stand for the whole.
type gatherer struct {
	limit   int             // requests of a session; 0: all
	limited atomic.Int64    // requests beyond it
	open    []*load.Request // of a session whose lines are being read
	lines   int             // of the unit that was returned last
	names   recent[named]   // of sessions, by the hash of the name
	ids     recent[place]   // requests of sessions, by the hash of the custom_id
}

// named is what is known of a session of which lines have been read.
type named struct {
	first uint64 // hash of the first line
	times int
}

// place is where a request of a session was read.
type place struct {
	number  int
	session uint64 // hash of the name
}

// units returns lines with those of a session as one request. Errors of lines pass.
func (g *gatherer) units(lines iter.Seq2[*load.Request, error]) iter.Seq2[*load.Request, error] {
	return func(yield func(*load.Request, error) bool) {
		for r, err := range lines {
			if err == nil && r.Session != "" && r.Turns == nil {
				if len(g.open) > 0 && !continues(g.open[0], r) && !yield(g.close()) {
					return
				}
				g.open = append(g.open, r)
				continue
			}
			if err == nil && len(g.open) > 0 && !yield(g.close()) {
				return
			}
			if err == nil && r.Turns != nil {
				r, err = g.conversation(r)
			}
			if g.lines = 1; !yield(r, err) {
				return
			}
		}
		if len(g.open) > 0 {
			yield(g.close())
		}
	}
}

// continues reports whether r is of the session that begins with first, and not the beginning of its repetition.
func continues(first, r *load.Request) bool {
	return r.Session == first.Session && (r.ID == "" || r.ID != first.ID)
}

// close ends the session whose lines were read.
func (g *gatherer) close() (*load.Request, error) {
	parts := g.open
	g.open, g.lines = nil, len(parts)
	name, err := g.name(parts[0])
	if err != nil {
		return nil, err
	}
	key := xxhash.Sum64String(parts[0].Session)
	for _, r := range parts {
		if r.ID != "" {
			g.ids.put(xxhash.Sum64String(r.ID), place{r.Source.Line, key})
		}
	}
	whole, err := load.NewSession(name, parts)
	if err != nil {
		return nil, g.explain(err, key, parts[0].Source.Line)
	}
	g.limited.Add(int64(whole.Whole.Limit(g.limit)))
	return whole, nil
}

// explain adds the line of a request with the id to the error of an unknown id. The session begins at line begin.
func (g *gatherer) explain(err error, session uint64, begin int) error {
	var bad *request.SessionError
	if !errors.As(err, &bad) || bad.ID == "" {
		return err
	}
	other, ok := g.ids.get(xxhash.Sum64String(bad.ID))
	switch {
	case !ok:
	case other.session == session:
		bad.Reason = "session-twice"
		bad.Text += fmt.Sprintf("; line %d has it, but the session begins again at line %d", other.number, begin)
	default:
		bad.Reason = "session-other-session"
		bad.Text += fmt.Sprintf("; line %d has it, in another session", other.number)
	}
	return err
}

// name returns a name for the records of a session. A session that begins with another line than before is not the same
// one, but one of which other lines have been read.
func (g *gatherer) name(first *load.Request) (string, error) {
	text, err := first.Append(nil)
	if err != nil {
		return "", err
	}
	key := xxhash.Sum64String(first.Session)
	have, again := g.names.get(key)
	hash := xxhash.Sum64(text)
	if again && have.first != hash {
		bad := &request.SessionError{
			Reason: "session-apart", Text: fmt.Sprintf("the lines of session %.60q do not stand together", first.Session),
		}
		if other, ok := g.ids.get(xxhash.Sum64String(first.ID)); ok && first.ID != "" && other.session == key {
			bad.Reason = "session-twice"
			bad.Text = fmt.Sprintf("custom_id %.60q is that of line %d, too", first.ID, other.number)
		}
		return "", first.Source.Wrap(bad)
	}
	have.first = hash
	return g.numbered(first.Session, key, have), nil
}

// conversation returns the request that stands for the turns of r.
func (g *gatherer) conversation(r *load.Request) (*load.Request, error) {
	name := r.Session
	if name == "" {
		name = r.ID
	}
	if name != "" {
		key := xxhash.Sum64String(name)
		have, _ := g.names.get(key)
		name = g.numbered(name, key, have)
	}
	whole, err := load.NewConversation(name, r.Request)
	if err != nil {
		return nil, r.Source.Wrap(err)
	}
	g.limited.Add(int64(whole.Whole.Limit(g.limit)))
	return whole, nil
}

// numbered returns another name for a session each time that it is read again, as from a repeated input. key is the
// hash of its name.
func (g *gatherer) numbered(name string, key uint64, have named) string {
	have.times++
	g.names.put(key, have)
	if have.times < 2 {
		return name
	}
	return name + "#" + strconv.Itoa(have.times)
}

// recent is a map of the latest entries, at least recentEntries of them.
type recent[T any] struct{ now, before map[uint64]T }

const recentEntries = 1 << 16

func (m *recent[T]) get(key uint64) (T, bool) {
	v, ok := m.now[key]
	if !ok {
		v, ok = m.before[key]
	}
	return v, ok
}

func (m *recent[T]) put(key uint64, v T) {
	if m.now == nil || len(m.now) == recentEntries {
		m.now, m.before = map[uint64]T{}, m.now
	}
	m.now[key] = v
}
