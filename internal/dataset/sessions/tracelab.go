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

// TraceLab reads TraceLab's rows, one for each round of a coding agent, and the CSV files of its replay. A round keeps
// a prefix of the prompt before it and adds tokens. Rounds of a session follow one another; which session is a
// subagent of which is not recorded.
type TraceLab struct {
	plain

	Size int64 // tokens per block of the prompts; 0 is 16

	sessions groups[labRound]
}

type labRound struct {
	atMs        *float64 // arrival in the replay's CSV
	model       string
	prefix, in  int64 // tokens kept of the round before, and all
	out         int64
	start, end  float64 // ms; NaN: unknown
	waitAfterMs float64 // of its tools
	line        int
}

// Decode reads one round. Sessions are complete at the end only, since their rounds need not be adjacent.
func (d *TraceLab) Decode(value []byte, line int) ([]*Session, error) {
	v := gjson.ParseBytes(value)
	id := v.Get("session_id")
	if !id.Exists() {
		id = v.Get("id")
	}
	if !id.Exists() {
		return nil, errors.New("a round without session_id")
	}
	r := labRound{model: v.Get("model").String(), line: line}
	read := d.round
	if v.Get("prefix_len").Exists() {
		read = d.workload
	}
	if err := read(&r, v); err != nil {
		return nil, err
	}
	if err := checkTokens(r.in, r.out); err != nil {
		return nil, err
	}
	if at := v.Get("arrival_time"); at.Exists() {
		ms := at.Float()
		if !(math.Abs(ms) < 1e15) {
			return nil, fmt.Errorf("arrival_time: not a time: %.40s", at.Raw)
		}
		r.atMs = &ms
	}
	d.sessions.add(id.String(), r)
	return nil, nil
}

// workload reads a row of the replay's CSV.
func (d *TraceLab) workload(r *labRound, v gjson.Result) (err error) {
	var added int64
	for _, f := range []struct {
		key string
		to  *int64
	}{{"prefix_len", &r.prefix}, {"input_len", &added}, {"output_len", &r.out}} {
		if *f.to, err = count(v.Get(f.key)); err != nil {
			return fmt.Errorf("%s: %w", f.key, err)
		}
	}
	r.in, r.start, r.end = r.prefix+added, math.NaN(), math.NaN()
	r.waitAfterMs = v.Get("tool_wait_after_ms").Float()
	return nil
}

// round reads a row of the trace.
func (d *TraceLab) round(r *labRound, v gjson.Result) (err error) {
	for _, f := range []struct {
		key string
		to  *int64
	}{{"prefix_tokens", &r.prefix}, {"input_tokens_total", &r.in}, {"output_tokens", &r.out}} {
		if *f.to, err = count(v.Get(f.key)); err != nil {
			return fmt.Errorf("%s: %w", f.key, err)
		}
	}
	asked, first, last := math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, e := range v.Get("timing_events").Array() {
		at, ok := timeMs(e.Get("timestamp"))
		if !ok {
			continue
		}
		switch e.Get("event_type").Str {
		case "user_message", "tool_result":
			asked = max(asked, at)
		case "text", "reasoning", "tool_call":
			first, last = min(first, at), max(last, at)
		}
	}
	switch r.start = asked; {
	case !math.IsInf(asked, 0):
	case !math.IsInf(first, 0):
		r.start = first
	default:
		r.start = math.NaN()
	}
	r.end = max(last, r.start)
	for _, t := range v.Get("tools").Array() {
		r.waitAfterMs = max(r.waitAfterMs, t.Get("tool_wall_latency_ms").Float())
	}
	return nil
}

// count returns a number of tokens, also written as text; absent and null are 0.
func count(v gjson.Result) (int64, error) {
	if v.Type == gjson.Null || v.Type == gjson.String && v.Str == "" {
		return 0, nil
	}
	n := v.Num
	if v.Type == gjson.String {
		var err error
		if n, err = strconv.ParseFloat(v.Str, 64); err != nil {
			return 0, fmt.Errorf("not a number: %.40q", v.Str)
		}
	} else if v.Type != gjson.Number {
		return 0, fmt.Errorf("not a number: %.40s", v.Raw)
	}
	if n != math.Trunc(n) || n < 0 || n > 1<<40 {
		return 0, fmt.Errorf("not a number of tokens: %.40s", v.Raw)
	}
	return int64(n), nil
}

// End returns the sessions in the order of their first rows.
func (d *TraceLab) End() iter.Seq2[*Session, error] {
	return func(yield func(*Session, error) bool) {
		for _, id := range d.sessions.keys {
			if !yield(d.session(id), nil) {
				return
			}
		}
	}
}

// session makes the session of rounds, in order of time.
func (d *TraceLab) session(id string) *Session {
	rounds, size := d.sessions.of[id], cmp.Or(max(0, d.Size), labBlock)
	if !slices.ContainsFunc(rounds, func(r labRound) bool { return math.IsNaN(r.start) }) {
		slices.SortStableFunc(rounds, func(a, b labRound) int { return cmp.Compare(a.start, b.start) })
	}
	s := &Session{ID: id, AtMs: rounds[0].atMs}
	if !math.IsNaN(rounds[0].start) {
		s.AtMs = &rounds[0].start
	}
	var blocks []Block
	next := uint64(0)
	for k, r := range rounds {
		c := Call{ID: strconv.Itoa(k), History: -1, Model: r.model, In: r.in, Out: r.out, Size: size, Line: r.line}
		keep := min(int(min(r.prefix, r.in)/size), len(blocks))
		blocks = slices.Clone(blocks[:keep])
		for int64(len(blocks)) < min(r.in, maxBlocks*size)/size {
			blocks = append(blocks, Block{Scope: id, ID: next})
			next++
		}
		c.Blocks = blocks
		if k > 0 {
			c.After = []int{k - 1}
			wait := r.start - rounds[k-1].end
			if math.IsNaN(wait) {
				wait = rounds[k-1].waitAfterMs
			}
			c.DelayMs = delay(wait)
		}
		s.Calls = append(s.Calls, c)
	}
	return s
}

const (
	labBlock  = 16
	maxBlocks = 1 << 20 // of a prompt
)
