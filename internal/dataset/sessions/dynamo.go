package sessions

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"

	"github.com/tidwall/gjson"
)

// Dynamo reads the request traces of NVIDIA's Dynamo (dynamo.request.trace.v1). A session of such a trace is the course
// of one agent; sessions with the same root are one [Session] here.
type Dynamo struct {
	calls    []*dynamoCall
	byID     map[string]*dynamoCall
	parent   map[string]string // of sessions
	other    int               // events other than the end of a request
	unhashed int               // requests without hashes
	orphans  int               // sessions whose parent is not in the trace
}

type dynamoCall struct {
	call       Call
	session    string // "" is none
	start, end float64
	index      int // in its Session
}

// Decode reads an event. Sessions are complete at the end only.
func (d *Dynamo) Decode(value []byte, line int) ([]*Session, error) {
	v := gjson.ParseBytes(value)
	if e := v.Get("event"); e.IsObject() { // older files
		v = e
	}
	if v.Get("event_type").Str != "request_end" {
		d.other++
		return nil, nil
	}
	c, err := d.read(v.Get("request"), line)
	if err != nil {
		return nil, err
	}
	if err := c.times(v); err != nil {
		return nil, err
	}
	if d.byID == nil {
		d.byID, d.parent = map[string]*dynamoCall{}, map[string]string{}
	}
	if id := c.call.ID; id != "" {
		if before := d.byID[id]; before != nil {
			return nil, fmt.Errorf("request_id %q is already in line %d", id, before.call.Line)
		}
		d.byID[id] = c
	}
	c.session = v.Get("agent_context.session_id").String()
	if parent := v.Get("agent_context.parent_session_id").String(); parent != "" && c.session != "" {
		if before, ok := d.parent[c.session]; ok && before != parent {
			return nil, fmt.Errorf("session %q has the parents %q and %q", c.session, before, parent)
		}
		d.parent[c.session] = parent
	}
	d.calls = append(d.calls, c)
	return nil, nil
}

// read reads what a request was.
func (d *Dynamo) read(r gjson.Result, line int) (c *dynamoCall, err error) {
	c = &dynamoCall{call: Call{ID: r.Get("request_id").String(), History: -1, Model: r.Get("model").Str, Line: line,
		Out: Unknown}}
	if out := r.Get("output_tokens"); out.Type != gjson.Null {
		if c.call.Out, err = count(out); err != nil {
			return nil, fmt.Errorf("output_tokens: %w", err)
		}
	}
	in := r.Get("replay.input_length")
	if !in.Exists() {
		in = r.Get("input_tokens")
	}
	if in.Type == gjson.Null {
		return nil, errors.New("a request with neither replay.input_length nor input_tokens")
	}
	if c.call.In, err = count(in); err != nil {
		return nil, fmt.Errorf("input_length: %w", err)
	}
	if err := checkTokens(c.call.In, c.call.Out); err != nil {
		return nil, err
	}
	hashes := r.Get("replay.input_sequence_hashes").Array()
	if len(hashes) == 0 {
		d.unhashed++
		return c, nil
	}
	if c.call.Size, err = count(r.Get("replay.trace_block_size")); err != nil || c.call.Size < 1 {
		return nil, errors.New("replay.trace_block_size is not a positive number")
	}
	if most := (c.call.In + c.call.Size - 1) / c.call.Size; int64(len(hashes)) > most {
		return nil, fmt.Errorf("%d hashes of blocks of %d tokens for a prompt of %d", len(hashes), c.call.Size, c.call.In)
	}
	for _, h := range hashes {
		id, err := strconv.ParseUint(h.Raw, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("replay.input_sequence_hashes: %.40s is not a hash", h.Raw)
		}
		c.call.Blocks = append(c.call.Blocks, Block{ID: id})
	}
	return c, nil
}

// times reads when a request was received and when its answer ended, in ms since 1970.
func (c *dynamoCall) times(v gjson.Result) error {
	start, end, took := v.Get("request.request_received_ms"), v.Get("event_time_unix_ms"), v.Get("request.total_time_ms")
	c.start, c.end = start.Float(), end.Float()
	switch {
	case !start.Exists() && !end.Exists():
		return errors.New("a request with neither request_received_ms nor event_time_unix_ms")
	case !start.Exists():
		c.start = c.end - max(0, took.Float())
	case took.Exists():
		c.end = c.start + took.Float()
	case !end.Exists():
		c.end = c.start
	}
	c.end = max(c.end, c.start)
	if !(math.Abs(c.start) < 1e16 && c.end < 1e16) {
		return fmt.Errorf("a request from %g to %g ms", c.start, c.end)
	}
	return nil
}

// End returns the sessions in the order of their first requests, each with those below it.
func (d *Dynamo) End() iter.Seq2[*Session, error] {
	return func(yield func(*Session, error) bool) {
		here := map[string]bool{}
		for _, c := range d.calls {
			here[c.session] = true
		}
		for _, s := range d.parent {
			if !here[s] {
				d.orphans++
			}
		}
		slices.SortStableFunc(d.calls, func(a, b *dynamoCall) int { return cmp.Compare(a.start, b.start) })
		var trees groups[*dynamoCall]
		for n, c := range d.calls {
			root, err := d.root(c.session, here)
			if err != nil {
				if !yield(nil, &LineError{Line: c.call.Line, Err: err}) {
					return
				}
				continue
			}
			if root == "" {
				root = "\x00" + strconv.Itoa(n) // a request on its own
			}
			trees.add(root, c)
		}
		for _, root := range trees.keys {
			top := root
			if root[0] == 0 {
				top = ""
			}
			if !yield(d.tree(top, trees.of[root]), nil) {
				return
			}
		}
	}
}

// root returns the session at the top of the one named.
func (d *Dynamo) root(session string, here map[string]bool) (string, error) {
	seen := map[string]bool{}
	for at := session; ; at = d.parent[at] {
		if parent := d.parent[at]; parent == "" || !here[parent] {
			return at, nil
		}
		if seen[at] {
			return "", fmt.Errorf("session %q is its own ancestor", session)
		}
		seen[at] = true
	}
}

// tree makes one Session of the calls of the session top and of those below it, in order of time. A call
// waits for the last one of its own session that had ended, or else for the last one of the parent's. After a session
// has ended, the next call of its parent waits for it.
func (d *Dynamo) tree(top string, calls []*dynamoCall) *Session {
	s := &Session{ID: top, AtMs: &calls[0].start, Calls: make([]Call, len(calls))}
	var of groups[*dynamoCall]
	for i, c := range calls {
		c.index = i
		of.add(c.session, c)
	}
	done, joins := map[string]*dynamoDone{}, map[*dynamoCall][]*dynamoCall{}
	for _, name := range of.keys {
		done[name] = newDynamoDone(of.of[name])
		last := done[name].ends[len(of.of[name])-1]
		parent := of.of[d.parent[name]]
		next, _ := slices.BinarySearchFunc(parent, last.end, func(c *dynamoCall, end float64) int {
			return cmp.Compare(c.start, end)
		})
		if name != top && next < len(parent) {
			joins[parent[next]] = append(joins[parent[next]], last)
		}
	}
	numbers := map[string]int{}
	for i, c := range calls {
		waits := joins[c]
		before := done[c.session].before(c)
		if before == nil && c.session != top {
			before = done[d.parent[c.session]].before(c)
		}
		if before != nil {
			waits = append(waits, before)
		}
		call := &s.Calls[i]
		*call = c.call
		if c.session != top {
			call.Agent = c.session
		}
		call.ID = cmp.Or(call.ID, callID(call.Agent, numbers[call.Agent]))
		numbers[call.Agent]++
		from := calls[0].start
		for _, w := range waits {
			if w.index < i { // one of no length may be of the same instant
				call.After = append(call.After, w.index)
				from = max(from, w.end)
			}
		}
		call.After, call.DelayMs = reduce(s.Calls, call.After), delay(c.start-from)
	}
	return s
}

// dynamoDone finds the last call of a session that had ended, as time advances.
type dynamoDone struct {
	ends []*dynamoCall // by their ends
	n    int           // of them that have ended
}

func newDynamoDone(calls []*dynamoCall) *dynamoDone {
	ends := slices.Clone(calls)
	slices.SortStableFunc(ends, func(a, b *dynamoCall) int { return cmp.Compare(a.end, b.end) })
	return &dynamoDone{ends: ends}
}

// before returns the last call that had ended when c started, or nil. Calls must come in order of their starts.
func (d *dynamoDone) before(c *dynamoCall) *dynamoCall {
	for d.n < len(d.ends) && d.ends[d.n].end <= c.start && d.ends[d.n].index < c.index {
		d.n++
	}
	if d.n == 0 {
		return nil
	}
	return d.ends[d.n-1]
}

// Notes returns what the decoder had to assume, and what it left out.
func (d *Dynamo) Notes() map[string]int {
	return map[string]int{
		"events other than request_end: %d: left out, since the pauses follow from the times of the requests": d.other,
		"requests without input_sequence_hashes: %d: their text has nothing in common with that of others":    d.unhashed,
		"sessions whose parent has no request in the trace: %d: they are sessions of their own":               d.orphans,
	}
}
