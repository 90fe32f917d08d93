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

// Rounds reads rows of requests with the time of each, that of a session following one another: the results of vLLM's
// production stack, or Baseten's traces.
type Rounds struct {
	plain

	Row func(v gjson.Result) (Round, error)

	sessions groups[Round]
	n        int
}

// Round is a request.
type Round struct {
	Session        string // "" is none
	StartMs, EndMs float64
	In, Out        int64 // tokens, those of the whole prompt; Unknown
	Prompt         *string
	Live           bool // the prompt continues that of the round before and its answer
	line           int
}

// Decode reads a row. Sessions are complete at the end only.
func (d *Rounds) Decode(value []byte, line int) ([]*Session, error) {
	r, err := d.Row(gjson.ParseBytes(value))
	if err != nil {
		return nil, err
	}
	if err := checkTokens(max(0, r.In), r.Out); err != nil {
		return nil, err
	}
	if math.IsNaN(r.StartMs) || math.Abs(r.StartMs) > 1e16 {
		return nil, fmt.Errorf("a start of %g ms", r.StartMs)
	}
	r.line = line
	key := r.Session
	if key == "" { // a request on its own
		key = "\x00" + strconv.Itoa(d.n)
	}
	d.n++
	d.sessions.add(key, r)
	return nil, nil
}

// End returns the sessions in the order of their first rows.
func (d *Rounds) End() iter.Seq2[*Session, error] {
	return func(yield func(*Session, error) bool) {
		for _, key := range d.sessions.keys {
			rounds := d.sessions.of[key]
			slices.SortStableFunc(rounds, func(a, b Round) int { return cmp.Compare(a.StartMs, b.StartMs) })
			s := &Session{ID: rounds[0].Session, AtMs: &rounds[0].StartMs}
			for k := range rounds {
				s.Calls = append(s.Calls, call(rounds, k))
			}
			if !yield(s, nil) {
				return
			}
		}
	}
}

func call(rounds []Round, k int) Call {
	r := &rounds[k]
	c := Call{ID: strconv.Itoa(k), History: -1, In: max(0, r.In), Out: r.Out, Prompt: r.Prompt, Line: r.line}
	if k == 0 {
		return c
	}
	before := &rounds[k-1]
	c.After, c.DelayMs = []int{k - 1}, delay(r.StartMs-max(before.StartMs, before.EndMs))
	if n := r.In - before.In - before.Out; r.Live && n > 0 {
		c.In, c.History = n, k-1
	}
	return c
}

// ProductionStack reads a row that the benchmark of vLLM's production stack writes: a round of a user's conversation.
func ProductionStack(v gjson.Result) (r Round, err error) {
	r = Round{Session: v.Get("user_id").String(), Live: true}
	if r.In, err = count(v.Get("prompt_tokens")); err != nil {
		return r, fmt.Errorf("prompt_tokens: %w", err)
	}
	if r.Out, err = count(v.Get("generation_tokens")); err != nil {
		return r, fmt.Errorf("generation_tokens: %w", err)
	}
	if !v.Get("launch_time").Exists() {
		return r, errors.New("a row without launch_time")
	}
	r.StartMs, r.EndMs = 1000*v.Get("launch_time").Float(), 1000*v.Get("finish_time").Float()
	return r, nil
}

// Baseten reads a row of a trace of Baseten's.
func Baseten(v gjson.Result) (r Round, err error) {
	for _, key := range []string{"provided_session_id", "poor_man_session_id"} {
		if id := v.Get(key); r.Session == "" && id.Type != gjson.Null {
			r.Session = id.String()
		}
	}
	prompt := v.Get("prompt")
	if prompt.Type != gjson.String {
		return r, fmt.Errorf("prompt is not text: %.40s", prompt.Raw)
	}
	r.Prompt, r.In = &prompt.Str, Unknown
	if r.Out, err = count(v.Get("output_tokens")); err != nil {
		return r, fmt.Errorf("output_tokens: %w", err)
	}
	r.StartMs = v.Get("timestamp_start_unix_ms").Float()
	r.EndMs = r.StartMs + max(0, v.Get("duration_e2e_ms").Float())
	return r, nil
}
