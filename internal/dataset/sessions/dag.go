package sessions

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"
)

// DAG reads aiperf's dag_jsonl: a line is a conversation, whose turns fork and spawn others. The conversations that no
// other one names are the sessions. The server's own answers are the history of later turns.
type DAG struct {
	plain

	Seed uint64 // of think times

	order []string
	byID  map[string]*dagConversation
}

type dagConversation struct {
	ID           string          `json:"session_id"`
	Turns        []dagTurn       `json:"turns"`
	Mode         string          `json:"context_mode"`
	Before       []string        `json:"pre_session_spawns"`
	Orchestrator bool            `json:"orchestrator"`
	Spawns       []string        `json:"spawns"`
	Rounds       json.RawMessage `json:"rounds"`
	Think        *float64        `json:"think_time_ms"`
	Sigma        float64         `json:"think_time_sigma"`
	Min          float64         `json:"think_time_min_ms"`
	Max          *float64        `json:"think_time_max_ms"`

	rounds []dagRound
	line   int
}

type dagTurn struct {
	Messages  json.RawMessage   `json:"messages"`
	Model     string            `json:"model"`
	MaxTokens *int64            `json:"max_tokens"`
	Tools     json.RawMessage   `json:"tools"`
	Extra     json.RawMessage   `json:"extra"`
	Delay     float64           `json:"delay"`
	Forks     []json.RawMessage `json:"forks"`
	Spawns    []json.RawMessage `json:"spawns"`

	forks  []dagFork
	spawns []dagSpawn
}

type dagFork struct {
	Child      string `json:"child"`
	Background bool   `json:"background"`
}

type dagSpawn struct {
	Children []string `json:"children"`
	JoinAt   *int     `json:"join_at"`
}

type dagRound struct {
	Spawns []string `json:"spawns"`
	Think  *float64 `json:"think_time_ms"`
}

// fullArrays is the context mode in which each turn has all messages.
const fullArrays = "message_array_with_responses"

// Decode reads a conversation. Sessions are complete at the end only, since a conversation may name later ones.
func (d *DAG) Decode(value []byte, line int) ([]*Session, error) {
	c := &dagConversation{line: line}
	if err := json.Unmarshal(value, c); err != nil {
		return nil, fmt.Errorf("not a conversation: %w", err)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if d.byID == nil {
		d.byID = map[string]*dagConversation{}
	}
	if d.byID[c.ID] != nil {
		return nil, fmt.Errorf("the conversation %q is already in line %d", c.ID, d.byID[c.ID].line)
	}
	d.byID[c.ID] = c
	d.order = append(d.order, c.ID)
	return nil, nil
}

func (c *dagConversation) check() error {
	switch {
	case c.ID == "":
		return errors.New("a conversation without session_id")
	case c.Orchestrator && len(c.Turns) > 0:
		return errors.New("an orchestrator has no turns of its own")
	case !c.Orchestrator && len(c.Turns) == 0:
		return errors.New("a conversation without turns")
	case !c.Orchestrator && (len(c.Spawns) > 0 || c.Rounds != nil):
		return errors.New("spawns and rounds of a conversation are for an orchestrator")
	case c.Mode != "" && c.Mode != fullArrays && c.Mode != "deltas_without_responses":
		return fmt.Errorf("context_mode is %q", c.Mode)
	}
	for k := range c.Turns {
		if err := c.Turns[k].check(k, len(c.Turns)); err != nil {
			return fmt.Errorf("turns[%d]: %w", k, err)
		}
	}
	return c.checkRounds()
}

// maxRounds limits the rounds of an orchestrator.
const maxRounds = 1 << 16

func (c *dagConversation) checkRounds() error {
	if !c.Orchestrator {
		return nil
	}
	c.rounds = []dagRound{{Spawns: c.Spawns}}
	if n, err := strconv.Atoi(string(c.Rounds)); err == nil {
		if n < 1 || n > maxRounds {
			return fmt.Errorf("rounds is %d", n)
		}
		c.rounds = nil
		for range n {
			c.rounds = append(c.rounds, dagRound{c.Spawns, c.Think})
		}
	} else if c.Rounds != nil && !bytes.Equal(c.Rounds, []byte("null")) {
		c.rounds = nil
		if err := json.Unmarshal(c.Rounds, &c.rounds); err != nil {
			return fmt.Errorf("rounds: %w", err)
		}
		for k := range c.rounds {
			if c.rounds[k].Think == nil {
				c.rounds[k].Think = c.Think
			}
		}
	}
	for _, r := range c.rounds {
		if len(r.Spawns) == 0 {
			return errors.New("an orchestrator without spawns")
		}
	}
	return nil
}

// check checks turn k, and reads its forks and spawns.
func (t *dagTurn) check(k, turns int) error {
	list := gjson.ParseBytes(t.Messages)
	if !list.IsArray() || len(list.Array()) == 0 {
		return errors.New("no messages")
	}
	for i, m := range list.Array() {
		if m.Get("role").Type != gjson.String {
			return fmt.Errorf("message %d has no role", i)
		}
	}
	switch {
	case t.MaxTokens != nil && (*t.MaxTokens < 1 || *t.MaxTokens > maxOut):
		return fmt.Errorf("max_tokens is %d", *t.MaxTokens)
	case !(t.Delay >= 0 && t.Delay <= maxDelayMs):
		return fmt.Errorf("delay is %g", t.Delay)
	case len(t.Extra) > 0 && !gjson.ParseBytes(t.Extra).IsObject() && string(t.Extra) != "null":
		return errors.New("extra is not an object")
	}
	if err := t.readForks(k == turns-1); err != nil {
		return err
	}
	return t.readSpawns(k, turns)
}

// readForks reads the forks of a turn, each the name of a conversation or an object.
func (t *dagTurn) readForks(last bool) error {
	for _, raw := range t.Forks {
		f := dagFork{}
		if json.Unmarshal(raw, &f.Child) != nil && json.Unmarshal(raw, &f) != nil || f.Child == "" {
			return fmt.Errorf("a fork is neither the name of a conversation nor an object with child: %.60s", raw)
		}
		if !f.Background && !last {
			return fmt.Errorf("the fork to %q is not on the last turn, nor in the background", f.Child)
		}
		t.forks = append(t.forks, f)
	}
	return nil
}

// readSpawns reads the spawns of turn k, each the name of a conversation or an object.
func (t *dagTurn) readSpawns(k, turns int) error {
	for _, raw := range t.Spawns {
		s, name := dagSpawn{}, ""
		if json.Unmarshal(raw, &name) == nil {
			s.Children = []string{name}
		} else if json.Unmarshal(raw, &s) != nil || len(s.Children) == 0 {
			return fmt.Errorf("a spawn is neither the name of a conversation nor an object with children: %.60s", raw)
		}
		if s.JoinAt != nil && (*s.JoinAt <= k || *s.JoinAt >= turns) {
			return fmt.Errorf("join_at %d is not a later turn", *s.JoinAt)
		}
		t.spawns = append(t.spawns, s)
	}
	return nil
}

// End returns the sessions, in the order of their lines.
func (d *DAG) End() iter.Seq2[*Session, error] {
	return func(yield func(*Session, error) bool) {
		child := map[string]bool{}
		for _, c := range d.byID {
			for _, name := range c.children() {
				child[name] = true
			}
		}
		roots := 0
		for _, id := range d.order {
			if child[id] {
				continue
			}
			roots++
			e := &expansion{dag: d, session: &Session{ID: id}, runs: map[string]int{}, open: map[string]bool{}}
			_, err := e.conversation(id, place{history: -1}, d.byID[id].line)
			if !yield(e.session, err) {
				return
			}
		}
		if roots == 0 && len(d.order) > 0 {
			yield(nil, &LineError{d.byID[d.order[0]].line, errors.New("every conversation is spawned by another one")})
		}
	}
}

// children returns the conversations that this one starts.
func (c *dagConversation) children() (names []string) {
	names = append(names, c.Before...)
	for _, t := range c.Turns {
		for _, f := range t.forks {
			names = append(names, f.Child)
		}
		for _, s := range t.spawns {
			names = append(names, s.Children...)
		}
	}
	for _, r := range c.rounds {
		names = append(names, r.Spawns...)
	}
	return names
}

// think returns the time before a round.
func (c *dagConversation) think(median *float64, seed uint64, k int) float64 {
	if median == nil {
		return 0
	}
	ms := *median
	if c.Sigma > 0 {
		h := fnv.New64a()
		h.Write([]byte(c.ID))
		ms *= math.Exp(c.Sigma * rand.New(rand.NewPCG(seed^h.Sum64(), uint64(k))).NormFloat64())
		if ms = max(ms, c.Min); c.Max != nil {
			ms = min(ms, *c.Max)
		}
	}
	return delay(ms)
}
