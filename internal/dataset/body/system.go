package body

import (
	"slices"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/request"
)

// systems are the system messages that precede the requests of a session, by the IDs of the requests.
type systems struct {
	session string
	before  map[string][]json.RawMessage
}

// of returns the system messages that precede a request.
func (s *systems) of(r *request.Request) []json.RawMessage {
	if r.Session != s.session {
		return nil
	}
	return s.before[r.History]
}

// apart reports whether the API of an item has the system prompt beside the messages. A history of messages does not
// contain it then, so each request needs it.
func (s *Shape) apart(it *Item) bool {
	return it.In != nil && it.In.Messages != nil && s.takes[what(it.In)].dialect.SystemApart
}

// keepSystem puts the system messages of the requests that a request continues in front of its own.
func (s *Shape) keepSystem(r *request.Request, it *Item) {
	if r.Session == "" || !s.apart(it) {
		return
	}
	before := s.system.of(r)
	if r.Session != s.system.session {
		s.system = systems{r.Session, map[string][]json.RawMessage{}}
	}
	s.system.before[r.ID] = withSystem(it, before)
}

// withSystem puts system messages in front of those of an item, and returns all that it then has.
func withSystem(it *Item, before []json.RawMessage) []json.RawMessage {
	own := gjson.ParseBytes(it.In.Messages)
	messages, all := own.Array(), slices.Clip(before)
	for _, m := range messages {
		if role := m.Get("role").Str; role == "system" || role == "developer" {
			all = append(all, json.RawMessage(m.Raw))
		}
	}
	if len(before) == 0 {
		return all
	}
	list := []byte{'['}
	for _, m := range before {
		list = append(append(list, m...), ',')
	}
	if len(messages) == 0 {
		list = list[:len(list)-1]
	}
	in := *it.In
	in.Messages = append(list, own.Raw[1:]...)
	it.In = &in
	return all
}
