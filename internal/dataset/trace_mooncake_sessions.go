package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/dataset/sessions"
)

// inSessions reports whether lines of a Mooncake trace follow one another after a delay.
func inSessions(s *sample) bool {
	return s.has("session_id", "delay") || s.has("session_id", "delay_ms") || s.has("wait_for")
}

func mooncake(o *Options) (sessions.Decoder, error) {
	live, err := o.liveHistory()
	d := &mooncakeSessions{recorded: !live, size: int64(o.BlockSize)}
	switch p := gjson.GetBytes(o.Args, "session_input"); p.String() {
	case "", "new", "full":
		d.input = p.String()
	default:
		err = wrongArg("session_input %s is neither new nor full", p.Raw)
	}
	return d, err
}

// mooncakeSessions decodes the dialects of Mooncake's format that have sessions: aiperf's and Dynamo's, in which a row
// follows the one before it in its session, and Dynamo's agentic one, in which a row names those that it waits for.
type mooncakeSessions struct {
	recorded bool   // send recorded answers
	input    string // what input_length of later rows counts: "new" or "full"; "" is what the hashes imply
	size     int64

	rows   []*mooncakeRow
	latest map[string]int // last row of a session
	byID   map[string]int // row of a request
	full   int            // rows whose prompts are taken as whole
}

type mooncakeRow struct {
	call    sessions.Call
	session string
	at      *float64 // ms
	delta   bool     // messages are those after the last answer
	wait    []string // ids of requests
	after   []int    // rows
	named   bool     // wait_for is given
}

// Decode reads a row. Sessions are complete at the end only.
func (d *mooncakeSessions) Decode(value []byte, line int) ([]*sessions.Session, error) {
	v := gjson.ParseBytes(value)
	r := &mooncakeRow{session: v.Get("session_id").String(), named: v.Get("wait_for").IsArray(),
		delta: v.Get("message_mode").Str == "delta"}
	r.call = sessions.Call{History: -1, Size: d.size, In: sessions.Unknown, Line: line, Model: v.Get("model").Str}
	if err := r.content(v); err != nil {
		return nil, err
	}
	for _, key := range []string{"delay", "delay_ms", "tool_wait_ms"} {
		ms, err := delayMs(v.Get(key), 1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		r.call.DelayMs += ms
	}
	if err := r.stamp(v); err != nil {
		return nil, err
	}
	for _, w := range v.Get("wait_for").Array() {
		r.wait = append(r.wait, w.String())
	}
	if d.latest == nil {
		d.latest, d.byID = map[string]int{}, map[string]int{}
	}
	n := len(d.rows)
	if id := v.Get("request_id"); id.Exists() {
		if before, ok := d.byID[id.String()]; ok {
			return nil, fmt.Errorf("request_id %s is already in line %d", id.Raw, d.rows[before].call.Line)
		}
		r.call.ID, d.byID[id.String()] = id.String(), n
	}
	if last, ok := d.latest[r.session]; ok && r.session != "" && !r.named && hasAny(v, "delay", "delay_ms") {
		r.after = []int{last}
	}
	if r.session != "" {
		d.latest[r.session] = n
	}
	d.rows = append(d.rows, r)
	return nil, nil
}

// wrong returns an error that names the line of the row.
func (r *mooncakeRow) wrong(err error) error { return &sessions.LineError{Line: r.call.Line, Err: err} }

// content reads what a row sends.
func (r *mooncakeRow) content(v gjson.Result) (err error) {
	c := &r.call
	if c.Out, err = optional(v, "output_length"); err != nil {
		return err
	}
	if c.Params, err = mooncakeParams(v); err != nil {
		return err
	}
	switch {
	case v.Get("input_length").Exists():
		if c.In, err = whole(v, "input_length"); err != nil {
			return err
		}
		if c.In < 0 {
			return fmt.Errorf("input_length is negative: %d", c.In)
		}
		list := embedded(v.Get("hash_ids"))
		if list.Exists() && !list.IsArray() && list.Type != gjson.Null {
			return fmt.Errorf("hash_ids is not a list: %.40s", list.Raw)
		}
		for _, h := range list.Array() {
			id, err := readHash(h)
			if err != nil {
				return fmt.Errorf("hash_ids: %w", err)
			}
			if len(id) == 1 {
				c.Blocks = append(c.Blocks, sessions.Block{ID: id[0]})
			} else {
				c.Blocks = append(c.Blocks, sessions.Block{Scope: strconv.FormatUint(id[0], 36), ID: id[1]})
			}
		}
	case v.Get("payload").IsObject():
		c.Body, c.Limit = json.RawMessage(v.Get("payload|@ugly").Raw), true
	case v.Get("messages").Exists():
		if !isMessages(v.Get("messages")) {
			return errors.New("messages is not a list of messages with roles")
		}
		c.Messages, c.Limit = json.RawMessage(v.Get("messages|@ugly").Raw), true
	default:
		text := v.Get("text_input")
		if !text.Exists() {
			text = v.Get("input_text")
		}
		if text.Type != gjson.String {
			return errors.New("neither input_length, text_input, messages nor payload")
		}
		c.Prompt, c.Limit = &text.Str, true
	}
	return nil
}

// stamp reads the arrival of a row, in ms, or since 1970.
func (r *mooncakeRow) stamp(v gjson.Result) error {
	at := v.Get("timestamp")
	if !at.Exists() {
		at = v.Get("created_time")
	}
	if !at.Exists() || at.Type == gjson.Null {
		return nil
	}
	ms, err := possibleMs(at.Num, at)
	if fromEpoch(at) || at.Type != gjson.Number {
		ms, err = timeMs(at)
	}
	if err != nil {
		return fmt.Errorf("timestamp: %w", err)
	}
	r.at = &ms
	return nil
}

// End returns the sessions: rows that follow or wait for one another.
func (d *mooncakeSessions) End() iter.Seq2[*sessions.Session, error] {
	return func(yield func(*sessions.Session, error) bool) {
		if err := d.resolve(); err != nil {
			yield(nil, err)
			return
		}
		d.prompts()
		for _, rows := range d.groups() {
			s, err := d.session(rows)
			if !yield(s, err) {
				return
			}
		}
	}
}

// resolve finds the rows that rows wait for.
func (d *mooncakeSessions) resolve() error {
	for _, r := range d.rows {
		for _, id := range r.wait {
			n, ok := d.byID[id]
			if !ok {
				return r.wrong(fmt.Errorf("wait_for names %q, and there is no such request", id))
			}
			r.after = append(r.after, n)
		}
	}
	return nil
}

// prompts decides for each row that follows one other row whether its prompt is whole, or continues the one before. A
// length counts new tokens unless the hashes repeat those of the row before, or rows wait for several others.
func (d *mooncakeSessions) prompts() {
	for _, r := range d.rows {
		if len(r.after) != 1 || r.named || r.call.Body != nil {
			continue
		}
		before, c := &d.rows[r.after[0]].call, &r.call
		switch {
		case c.Messages != nil && !r.delta:
			if d.recorded {
				continue
			}
			c.Messages = latest(c.Messages)
		case c.Messages == nil && c.Prompt == nil:
			repeats := len(c.Blocks) > 0 && len(before.Blocks) > 0 && c.Blocks[0] == before.Blocks[0]
			if d.input == "full" || d.input == "" && repeats {
				d.full++
				continue
			}
		}
		c.History = r.after[0] // still a row; session makes it a call
	}
}

// groups returns the rows of each session, in the order of the file.
func (d *mooncakeSessions) groups() (all [][]int) {
	of := make([]int, len(d.rows))
	for n := range of {
		of[n] = n
	}
	find := func(n int) int {
		for of[n] != n {
			of[n] = of[of[n]]
			n = of[n]
		}
		return n
	}
	first := map[string]int{}
	for n, r := range d.rows {
		for _, a := range r.after {
			x, y := find(a), find(n)
			of[max(x, y)] = min(x, y)
		}
		if r.named && r.session != "" { // whose rows belong together also if they wait for nothing
			if at, ok := first[r.session]; ok {
				x, y := find(at), find(n)
				of[max(x, y)] = min(x, y)
			} else {
				first[r.session] = n
			}
		}
	}
	index := map[int]int{}
	for n := range d.rows {
		root := find(n)
		k, ok := index[root]
		if !ok {
			k = len(all)
			index[root] = k
			all = append(all, nil)
		}
		all[k] = append(all[k], n)
	}
	return all
}

// session makes the session of rows, each after those that it waits for.
func (d *mooncakeSessions) session(rows []int) (*sessions.Session, error) {
	head := d.rows[rows[0]]
	s := &sessions.Session{ID: head.session, AtMs: head.at}
	place := map[int]int{}
	for left := rows; len(left) > 0; {
		var later []int
		for _, n := range left {
			r := d.rows[n]
			if slices.ContainsFunc(r.after, func(a int) bool { _, ok := place[a]; return !ok }) {
				later = append(later, n)
				continue
			}
			place[n] = len(s.Calls)
			s.Calls = append(s.Calls, d.call(r, place, head))
		}
		if len(later) == len(left) {
			return s, d.rows[left[0]].wrong(errors.New("wait_for makes requests wait for one another"))
		}
		left = later
	}
	return s, nil
}

// call returns the call of a row.
func (d *mooncakeSessions) call(r *mooncakeRow, place map[int]int, head *mooncakeRow) sessions.Call {
	c := r.call
	c.ID = cmp.Or(c.ID, strconv.Itoa(len(place)-1))
	if r.session != head.session {
		c.Agent = r.session
	}
	for _, a := range r.after {
		c.After = append(c.After, place[a])
	}
	slices.Sort(c.After)
	c.After = slices.Compact(c.After)
	if c.History >= 0 {
		c.History = place[c.History]
	}
	if len(c.After) == 0 && r.at != nil && head.at != nil {
		c.DelayMs += max(0, *r.at-*head.at)
	}
	return c
}

// Notes returns what the decoder had to assume.
func (d *mooncakeSessions) Notes() map[string]int {
	if d.input != "" {
		return nil
	}
	return map[string]int{"prompts that repeat the hashes of the one before them: %d: their input_length is taken as " +
		"that of the whole prompt (the dataset's option session_input new adds it to the history)": d.full}
}
