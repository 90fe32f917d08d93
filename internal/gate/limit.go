package gate

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"perfpipe/internal/metric"
	"perfpipe/internal/record"
)

// Limit is a condition on each request, or on each conversation, for goodput.
type Limit struct {
	Text      string // as passed to ParseLimit
	of        figure
	talk      *metric.Metric // of conversations; then of is nil
	timed     bool           // of the time between tokens, which an answer of several tokens has
	Condition                // in the unit of the figure
}

// figure returns a figure of a record. It reports false if the answer has no such figure. If the record should have it
// and does not, or has one that cannot be, the figure is NaN, which meets no limit.
type figure func(*record.Record) (v float64, ok bool)

// figures returns the figures that a Limit can bound, by name.
func figures() map[string]figure {
	ended := func(of func(*record.Record) float64) figure { // of answers whose end is known
		return func(r *record.Record) (float64, bool) {
			if r.Lacks(record.KeyLatencyMs) || metric.Micro(r.LatencyMs) < 0 {
				return math.NaN(), true
			}
			return of(r), true
		}
	}
	latency := ended(func(r *record.Record) float64 { return r.LatencyMs })
	return map[string]figure{
		// The first output of an answer that is not streamed arrives at its end.
		"ttft_ms": func(r *record.Record) (float64, bool) {
			if r.Streamed() {
				return r.TTFTMs, true
			}
			return latency(r)
		},
		"tpot_ms":     (*record.Record).TPOT,
		"itl_ms":      (*record.Record).LongestGap,
		"latency_ms":  latency,
		"response_ms": ended((*record.Record).ResponseMs),
		"output_tokens": func(r *record.Record) (float64, bool) {
			if r.CompletionTokens < 0 || r.CompletionTokens == 0 && r.TokensFrom == "" && r.Lacks(record.KeyCompletionTokens) {
				return math.NaN(), metric.Generates(r)
			}
			return float64(r.CompletionTokens), true
		},
		"user_tokens_per_s": func(r *record.Record) (float64, bool) {
			ms, ok := r.TPOT()
			return 1000 / ms, ok
		},
	}
}

// ParseLimit parses a limit, such as ttft_ms<500.
func ParseLimit(text string) (Limit, error) {
	name, c, err := parse(text)
	if err != nil {
		return Limit{}, err
	}
	all := figures()
	of, ok := all[name]
	if !ok {
		if i := metric.Index(name); i >= 0 && metric.All()[i].OfConversation != nil {
			return Limit{Text: text, talk: &metric.All()[i], Condition: c}, nil
		}
		if key, _, found := strings.Cut(name, ":"); found && metric.Index(key) >= 0 {
			return Limit{}, fmt.Errorf("%q: a limit is on each request: write %s%s", text, key, strings.TrimPrefix(text, name))
		}
		return Limit{}, fmt.Errorf("%q: a request has no %q: there are %s; of conversations, %s", text, name,
			strings.Join(slices.Sorted(maps.Keys(all)), ", "), strings.Join(ofConversations(), ", "))
	}
	timed := name == "tpot_ms" || name == "itl_ms" || name == "user_tokens_per_s"
	return Limit{Text: text, of: of, timed: timed, Condition: c}, nil
}

// OnRequests reports whether the limit is on each request, not on conversations.
func (l Limit) OnRequests() bool { return l.talk == nil }

// ofConversations returns the keys of the metrics of conversations.
func ofConversations() (keys []string) {
	for _, m := range metric.All() {
		if m.OfConversation != nil {
			keys = append(keys, m.Key)
		}
	}
	return keys
}

// GoodConversation reports whether a conversation meets the limits on conversations.
func GoodConversation(c *metric.Conversation, limits []Limit) bool {
	for _, l := range limits {
		if l.talk == nil {
			continue
		}
		if v, finite := l.talk.OfConversation(c); !finite || !l.holds(float64(v)/l.talk.Scale) {
			return false
		}
	}
	return true
}

// Limit returns the limit with the gate's metric and bound. It reports false if a Limit cannot bound that metric.
func (g *Gate) Limit() (Limit, bool) {
	of, ok := figures()[g.Metric]
	return Limit{Text: strings.Replace(g.Text, ":"+g.Stat, "", 1), of: of, Condition: g.Condition}, ok
}

// Value returns the figure of a request that the limit is on. It is 0 if the request does not have it.
func (l *Limit) Value(r *record.Record) float64 {
	if l.of == nil {
		return 0
	}
	v, _ := l.of(r)
	return v
}

// Good reports whether a request meets all limits on requests. A failed request does not. A limit on a figure that the
// answer cannot have, such as the TPOT of a single token, is met; one on a figure that the record lacks is not.
func Good(r *record.Record, limits []Limit) bool {
	if !r.OK {
		return false
	}
	for _, l := range limits {
		if l.of == nil {
			continue // of conversations
		}
		if v, ok := l.of(r); ok && !l.holds(v) || !ok && l.timed && severalTokens(r) {
			return false
		}
	}
	return true
}

// Untimed reports whether a successful request misses a limit on the time between its tokens because the record does
// not have it: the answer was not streamed, arrived in one piece, or its tokens cannot be told apart or counted.
func Untimed(r *record.Record, limits []Limit) bool {
	return r.OK && slices.ContainsFunc(limits, func(l Limit) bool {
		if !l.timed {
			return false
		}
		_, ok := l.of(r)
		return !ok && severalTokens(r)
	})
}

// severalTokens reports whether there should be times between the tokens of an answer. Its number of tokens may be
// unknown. Those of one chunk, or piece, are several if they are more than a token and the tokens without text that may
// end it.
func severalTokens(r *record.Record) bool {
	n := r.CompletionTokens - r.HiddenTokens
	switch {
	case !metric.Generates(r):
		return false
	case r.HiddenUnknown != "", n < 0, r.CompletionTokens == 0 && r.Lacks(record.KeyCompletionTokens):
		return true
	case r.Streamed() && (len(r.GapUs) == 0 || r.InOnePiece()):
		return n > 1+record.EndTokens
	}
	return n > 1
}
