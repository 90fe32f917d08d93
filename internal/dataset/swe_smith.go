package dataset

import (
	"context"
	"fmt"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/dataset/body"
	"perfpipe/internal/dataset/synth"
	"perfpipe/internal/tokenizer"
)

var sweWhere = where{"SWE-bench/SWE-smith-trajectories", "SWE-bench/SWE-smith-trajectories",
	[]string{"data/tool-*.parquet"}, nil}

// sweSmith cuts conversations from recorded work of coding agents: the first turn is long, like an agent's prompt;
// each later one is about as long as a tool result. Lengths are in tokens, from --dataset-args: first_turn_length
// (65000) and subsequent_turn_length (500), each a number or [MIN, MAX].
//
// A JSON file of conversations that were cut before is read unchanged.
func sweSmith(ctx context.Context, o *Options) (items, error) {
	if err := o.textOnly("conversations"); err != nil {
		return nil, err
	}
	if len(o.Paths) == 1 && strings.HasSuffix(o.Paths[0], ".json") {
		return prebuilt(o)
	}
	cut, err := newCutter(o)
	if err != nil {
		return nil, err
	}
	paths, err := o.local(ctx, sweWhere)
	if err != nil {
		return nil, err
	}
	return func(yield func(*Item, error) bool) {
		short, i := 0, uint64(0)
		for row, err := range o.rows(paths, "messages") {
			var it Item
			if err == nil {
				it.Place = row.place()
				if it.Turns, err = cut.turns(row.Values["messages"], synth.NewRand(o.Seed, drawTurns, i)); err != nil {
					err = row.wrong("%w", err)
				} else if it.Turns == nil || len(it.Turns) < o.MinTurns {
					short++
					continue
				}
			}
			i++
			if !yield(&it, err) {
				return
			}
		}
		if short > 0 {
			o.say("%d trajectories left out: too short for first_turn_length, or fewer than %d turns", short, o.MinTurns)
		}
	}, nil
}

// cutter cuts a long text into turns.
type cutter struct {
	o            *Options
	tok          tokenizer.Tokenizer
	first, later [2]int
}

func newCutter(o *Options) (*cutter, error) {
	c := &cutter{o: o}
	var err error
	if c.first, err = lengthArg(o, "first_turn_length", 65000); err != nil {
		return nil, err
	}
	if c.later, err = lengthArg(o, "subsequent_turn_length", 500); err != nil {
		return nil, err
	}
	c.tok, err = o.Tokenizer()
	return c, err
}

// lengthArg parses a number of tokens or [MIN, MAX].
func lengthArg(o *Options, key string, value int) ([2]int, error) {
	v := gjson.GetBytes(o.Args, key)
	out := [2]int{value, value}
	switch list := v.Array(); {
	case !v.Exists():
		return out, nil
	case v.IsArray() && len(list) == 2:
		out = [2]int{int(list[0].Int()), int(list[1].Int())}
	default:
		out = [2]int{int(v.Int()), int(v.Int())}
	}
	if out[0] < 1 || out[1] < out[0] {
		return out, wrongArg("%s %s is neither a number of tokens nor [MIN, MAX]", key, v.Raw)
	}
	return out, nil
}

func (c *cutter) turns(messages any, r *synth.Rand) ([]Turn, error) {
	raw, ok := messages.(string) // a list, or its JSON
	if !ok {
		b, err := json.Marshal(messages)
		if err != nil {
			return nil, err
		}
		raw = string(b)
	}
	var text strings.Builder
	v := gjson.Parse(raw)
	if !v.IsArray() {
		return nil, fmt.Errorf("no list of messages")
	}
	v.ForEach(func(_, m gjson.Result) bool {
		switch m.Get("role").Str {
		case "user", "tool", "system":
			text.WriteString(contentText(m.Get("content")))
			text.WriteString("\n")
		}
		return true
	})
	ids := c.tok.Encode(text.String())
	n := r.Between(c.first[0], c.first[1])
	if len(ids) < n {
		return nil, nil
	}
	var out []Turn
	for len(ids) > 0 && (c.o.MaxTurns == 0 || len(out) < c.o.MaxTurns) {
		n = min(n, len(ids))
		turn := Turn{Item: Item{In: &api.Input{Messages: body.UserMessage(c.tok.Decode(ids[:n]))}}}
		if len(out) > 0 {
			turn.DelayMs = c.o.delay(r)
		}
		out = append(out, turn)
		ids = ids[n:]
		n = r.Between(c.later[0], c.later[1])
	}
	return out, nil
}

// contentText returns the text of a message, whose content may be in parts.
func contentText(v gjson.Result) string {
	if !v.IsArray() {
		return v.String()
	}
	var b strings.Builder
	for _, part := range v.Array() {
		if b.WriteString(part.Get("text").Str); part.Type == gjson.String {
			b.WriteString(part.Str)
		}
	}
	return b.String()
}

// prebuilt reads {"conversations": [[{"messages": […], "rid": …}, …], …]}, which contains the new messages of each
// turn.
func prebuilt(o *Options) (items, error) {
	return func(yield func(*Item, error) bool) {
		r, name, close, err := o.Input(o.Paths[0])
		if err != nil {
			yield(nil, err)
			return
		}
		defer close()
		for c, err := range elements(r, name, "conversations") {
			it := Item{Place: c.place()}
			if err == nil {
				if it.Turns, err = o.prebuiltTurns(gjson.ParseBytes(c.Bytes)); err != nil {
					err = c.wrong(err)
				}
			}
			if !yield(&it, err) {
				return
			}
		}
	}, nil
}

func (o *Options) prebuiltTurns(conversation gjson.Result) (turns []Turn, err error) {
	for k, t := range conversation.Array() {
		if o.MaxTurns > 0 && k == o.MaxTurns {
			break
		}
		messages := t.Get("messages")
		if !messages.IsArray() {
			return nil, fmt.Errorf("turn %d: messages is not a list: %.40q", k, messages.Raw)
		}
		turn := Turn{Item: Item{In: &api.Input{Messages: json.RawMessage(messages.Get("@ugly").Raw)}}}
		if rid := t.Get("rid"); rid.Exists() {
			turn.Own = []api.Param{{Key: "rid", Value: body.Value(fmt.Sprintf("%s_t%d", rid.String(), k+1)), Verbatim: true}}
		}
		turns = append(turns, turn)
	}
	if turns == nil {
		return nil, fmt.Errorf("a conversation without turns: %.40q", conversation.Raw)
	}
	return turns, nil
}
