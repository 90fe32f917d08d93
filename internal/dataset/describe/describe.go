// Package describe sums up request lines: their sessions, lengths and pauses, and how much of their prompts a prefix
// cache of unlimited size would hold.
package describe

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"perfpipe/internal/fastjson"
	"perfpipe/internal/request"
)

// Summary sums up a stream of requests.
type Summary struct {
	requests, alone int // all, and those of no session
	sessions        map[string]*session
	order           []*session
	guessed         int // prompts whose tokens are estimated from their characters

	prompt, fresh, answer, delayMs spread // of requests; fresh tokens are those in no prompt before
	cache                          map[uint64]struct{}
	hit, total                     float64 // tokens of prompts: cached ones and all

	arrived     bool
	first, last float64 // arrivals, in ms
	unknown     int     // requests whose history no earlier line has
	missing     int     // ids in after or history that no line of the session has, once written
	circular    int     // requests that wait for themselves, once written
	members     fastjson.Members
	buf         []byte
}

// session is a graph of requests.
type session struct {
	byID  map[string]*node
	nodes []*node
}

// node is a request to which others may refer.
type node struct {
	after   []string // requests that it waits for
	delayMs float64  // from the end of the last of them
	tokens  float64  // of its prompt and answer
	chain   uint64   // hash of its prompt

	depth  int     // number of requests on the longest chain up to it, once it is known
	pathMs float64 // longest sum of delays up to its start
}

// chars is the number of characters per token if the number of tokens is unknown.
const chars = 4

// piece returns the length of the next piece of a text that is compared with others as a whole, in bytes. Pieces become
// longer with what stands before them, so that a hit is exact within 1 % however long the text, and a long text has
// few.
func piece(before int) int { return max(16, before/128) }

// behindRole returns a list of messages without what all such lists begin with.
func behindRole(messages []byte) []byte {
	if key := []byte(`"content":`); bytes.HasPrefix(messages, []byte(`[{"role":"`)) {
		if i := bytes.Index(messages[:min(len(messages), 64)], key); i >= 0 {
			return messages[i+len(key):]
		}
	}
	return messages
}

// Add adds a request.
func (s *Summary) Add(r *request.Request) error {
	if s.sessions == nil {
		s.sessions, s.cache = map[string]*session{}, map[uint64]struct{}{}
	}
	if r.AtMs != nil {
		if !s.arrived {
			s.first, s.last, s.arrived = *r.AtMs, *r.AtMs, true
		}
		s.first, s.last = min(s.first, *r.AtMs), max(s.last, *r.AtMs)
	}
	if r.Turns == nil {
		return s.add(s.session(r.Session), r)
	}
	talk := s.session(r.Session)
	if talk == nil {
		talk = s.open("\x00" + strconv.Itoa(len(s.order)))
	}
	for k, t := range r.Turns {
		turn := request.Request{ID: strconv.Itoa(k), Body: t.Body, DelayMs: t.DelayMs}
		if k > 0 {
			turn.After, turn.History = []string{strconv.Itoa(k - 1)}, strconv.Itoa(k-1)
		}
		if err := s.add(talk, &turn); err != nil {
			return err
		}
	}
	return nil
}

// session returns the session with a name, or nil if the name is empty.
func (s *Summary) session(name string) *session {
	if name == "" {
		return nil
	}
	if have := s.sessions[name]; have != nil {
		return have
	}
	return s.open(name)
}

func (s *Summary) open(name string) *session {
	one := &session{byID: map[string]*node{}}
	s.sessions[name] = one
	s.order = append(s.order, one)
	return one
}

// add adds a request of a session, or of none.
func (s *Summary) add(in *session, r *request.Request) (err error) {
	s.members, err = fastjson.AppendMembers(s.members[:0], r.Body)
	if err != nil {
		return err
	}
	s.requests++
	n := &node{}
	var history *node
	if in == nil {
		s.alone++
	} else {
		history = s.place(in, n, r)
	}
	answer := s.limit()
	if answer > 0 {
		s.answer.add(answer)
	}
	s.text(n, history, float64(cmp.Or(r.OwnTokens, r.PromptTokens)))
	n.tokens += answer
	return nil
}

// place adds a request to its session, and returns the node that it continues.
func (s *Summary) place(in *session, n *node, r *request.Request) (history *node) {
	n.after, n.delayMs = r.After, r.DelayMs
	if r.History != "" {
		n.after = append(slices.Clip(n.after), r.History)
		if history = in.byID[r.History]; history == nil {
			s.unknown++
		}
	}
	if len(n.after) > 0 {
		s.delayMs.add(r.DelayMs)
	}
	in.nodes = append(in.nodes, n)
	if r.ID != "" {
		in.byID[r.ID] = n
	}
	return history
}

// limit returns the largest number of tokens of the answer, or 0 if the body has none.
func (s *Summary) limit() float64 {
	for _, key := range []string{"max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens"} {
		if m := s.members.Get(key); m != nil {
			if v, err := strconv.ParseFloat(string(m.Value), 64); err == nil {
				return v
			}
		}
	}
	return 0
}

// text adds the prompt of a request, which continues history. The tokens of the history, with its answer, are cached,
// and of the text behind it those whose beginning another prompt had.
func (s *Summary) text(n, history *node, tokens float64) {
	var parts [][]byte
	size := 0
	for _, key := range []string{"tools", "system", "messages", "prompt", "input", "inputs", "query", "documents"} {
		if m := s.members.Get(key); m != nil {
			text := m.Value
			if key == "messages" {
				text = behindRole(text)
			}
			parts = append(parts, text)
			size += len(text)
		}
	}
	if tokens == 0 {
		if ids := s.ids(parts); ids > 0 {
			tokens = ids
		} else {
			tokens = float64(size) / chars
			s.guessed++
		}
	}
	cached := 0.0
	if history != nil {
		n.chain, cached = history.chain+1, history.tokens // another chain than that of a prompt that merely begins alike
	}
	total, same, pos := cached+tokens, true, 0
	for _, text := range parts {
		for len(text) > 0 {
			next := text[:min(piece(pos), len(text))]
			text, pos = text[len(next):], pos+len(next)
			s.buf = append(binary.LittleEndian.AppendUint64(s.buf[:0], n.chain), next...)
			n.chain = xxhash.Sum64(s.buf)
			_, known := s.cache[n.chain]
			if same = same && known; same {
				cached += tokens * float64(len(next)) / float64(size)
			}
			s.cache[n.chain] = struct{}{}
		}
	}
	n.tokens = total
	s.prompt.add(total)
	s.fresh.add(total - cached)
	s.hit, s.total = s.hit+min(cached, total), s.total+total
}

// ids returns the number of token ids of a prompt of ids, or 0.
func (s *Summary) ids(parts [][]byte) float64 {
	if len(parts) != 1 || len(parts[0]) < 2 || parts[0][0] != '[' || parts[0][1] < '0' || parts[0][1] > '9' {
		return 0
	}
	return float64(bytes.Count(parts[0], []byte{','}) + 1)
}
