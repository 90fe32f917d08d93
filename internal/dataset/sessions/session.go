// Package sessions reads captured sessions of agents: graphs of calls to a model, in the formats of Weka, Dynamo,
// TraceLab, OpenTelemetry, aiperf's DAGs and Mooncake's dialects.
//
// A decoder turns lines of its format into a [Session]: which call waits for which others, for how long, and what it
// sends, as text or as lengths and hashed blocks. It makes neither text nor bodies.
package sessions

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/goccy/go-json"

	"perfpipe/internal/api"
)

// Session is a graph of calls. Each call comes after those that it waits for.
type Session struct {
	ID    string
	AtMs  *float64 // arrival in ms, on a clock that the sessions of a file share; nil: unknown
	Calls []Call
}

// Call is one request of a session.
type Call struct {
	ID      string  // unique within the session
	Agent   string  // that makes the call; "" is the main one
	After   []int   // indexes of the calls that must have ended before
	History int     // index of the call whose messages and reply go in front of Messages; -1: none
	DelayMs float64 // from the last of their ends; without any, from the start of the session

	Model  string // as recorded
	In     int64  // tokens of the prompt; those in addition to History's; Unknown
	Out    int64  // tokens of the answer; Unknown
	Limit  bool   // Out is a maximum, rather than the recorded length
	Blocks []Block
	Size   int64 // tokens per block

	Messages json.RawMessage // nil: a prompt of In tokens
	Prompt   *string         // text of the prompt; nil: none
	Params   []api.Param     // other members of the body
	Body     json.RawMessage // the whole body; nil: none

	Line int // of the file, counted from 1
}

// Unknown is a number of tokens that the trace lacks.
const Unknown = -1

// Block identifies a block of a prompt: equal blocks have equal text.
type Block struct {
	Scope string // ids are equal only within it; "" is the whole trace
	ID    uint64
}

// member returns a member of a body.
func member(key string, value json.RawMessage) api.Param {
	return api.Param{Key: key, Value: value, Verbatim: true}
}

// Decoder reads a trace. Decode takes one JSON value of the file and returns the sessions that it completes; End
// returns the rest. A decoder that returned an error for a value can go on with the next one. Notes returns what had to
// be assumed or was left out: texts with the place of a number, and the numbers.
type Decoder interface {
	Decode(value []byte, line int) ([]*Session, error)
	End() iter.Seq2[*Session, error]
	Notes() map[string]int
}

// plain is a decoder that has nothing to note.
type plain struct{}

func (plain) Notes() map[string]int { return nil }

// LineError is an error in a line other than the one that is being read.
type LineError struct {
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

func (e *LineError) Unwrap() error { return e.Err }

// maxDelayMs is the longest accepted delay: a month.
const maxDelayMs = 31 * 24 * 3600 * 1000

// maxOut is the largest number of output tokens that a request may ask for.
const maxOut = math.MaxInt32

// checkTokens returns an error if the lengths are not those of a request.
func checkTokens(in, out int64) error {
	switch {
	case in < 0:
		return fmt.Errorf("a prompt of %d tokens", in)
	case out < Unknown || out > maxOut:
		return fmt.Errorf("an answer of %d tokens", out)
	}
	return nil
}

// delay returns a time between two calls in ms, rounded to µs and within [0, a month].
func delay(ms float64) float64 {
	if !(ms > 0) {
		return 0
	}
	return math.Round(min(ms, maxDelayMs)*1000) / 1000
}

// none is the End of a decoder that holds nothing back.
func none(func(*Session, error) bool) {}

// groups holds values by a key, in the order in which the keys were first added.
type groups[T any] struct {
	keys []string
	of   map[string][]T
}

func (g *groups[T]) add(key string, v T) {
	if g.of == nil {
		g.of = map[string][]T{}
	}
	if g.of[key] == nil {
		g.keys = append(g.keys, key)
	}
	g.of[key] = append(g.of[key], v)
}

// reduce sorts edges and removes those that others imply: a call that some other one in the list waits for, directly
// or not.
func reduce(calls []Call, after []int) []int {
	slices.Sort(after)
	after = slices.Compact(after)
	if len(after) < 2 {
		return after
	}
	seen := map[int]bool{}
	for _, c := range after {
		follow(calls, calls[c].After, after[0], seen)
	}
	return slices.DeleteFunc(after, func(c int) bool { return seen[c] })
}

// follow adds the calls of a list to seen, and those that they wait for, directly or not, from the index low on.
func follow(calls []Call, list []int, low int, seen map[int]bool) {
	visit := slices.Clone(list)
	for len(visit) > 0 {
		c := visit[len(visit)-1]
		if visit = visit[:len(visit)-1]; c >= low && !seen[c] {
			seen[c] = true
			visit = append(visit, calls[c].After...)
		}
	}
}
