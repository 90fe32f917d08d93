package dataset

import (
	"context"
	"errors"
	"fmt"

	"github.com/tidwall/gjson"

	"perfpipe/internal/dataset/synth"
)

var errNoDocuments = errors.New("a query needs documents, passages or texts")

// trie replays recorded lengths and pauses of one kind of agent sessions, filled with random text: a prompt, then tool
// results, each answered with a recorded number of tokens.
func trie(kind string) func(context.Context, *Options) (items, error) {
	w := where{"evalscope/trie-workloads", "evalscope/trie-workloads", []string{kind + "_8k.jsonl"}, nil}
	return func(ctx context.Context, o *Options) (items, error) {
		if err := o.textOnly("conversations"); err != nil {
			return nil, err
		}
		paths, err := o.local(ctx, w)
		if err != nil {
			return nil, err
		}
		words, err := o.words()
		if err != nil {
			return nil, err
		}
		return func(yield func(*Item, error) bool) {
			i, short := uint64(0), 0
			for line, err := range o.objects(paths) {
				it := Item{Place: line.place()}
				if err == nil {
					if it.Turns, err = trieTurns(o, words, gjson.ParseBytes(line.Bytes),
						synth.NewRand(o.Seed, drawTurns, i)); err != nil {
						err = line.wrong(err)
					}
				}
				i++
				if err == nil && len(it.Turns) < o.MinTurns {
					short++
				} else if !yield(&it, err) {
					return
				}
			}
			if short > 0 {
				o.Tell("min-turns", "", "%d sessions left out: fewer than %d turns", short, o.MinTurns)
			}
		}, nil
	}
}

func trieTurns(o *Options, words *synth.Words, v gjson.Result, r *synth.Rand) (turns []Turn, err error) {
	answers, outputs, waits := v.Get("assistant_response_length").Array(), v.Get("tool_call_output_length").Array(),
		v.Get("tool_call_latency").Array()
	n := int(min(v.Get("num_turns").Num, float64(len(answers)+1)))
	if n < 0 || len(answers) < n || len(outputs) < n || len(waits) < n || v.Get("input_prompt_length").Num < 1 {
		return nil, fmt.Errorf("not a session: want input_prompt_length, and num_turns values of " +
			"assistant_response_length, tool_call_output_length and tool_call_latency")
	}
	total := v.Get("input_prompt_length").Num
	for k := range n {
		total += max(0, outputs[k].Num)
		if !(waits[k].Num >= 0 && 1000*waits[k].Num <= maxDelayMs) {
			return nil, fmt.Errorf("tool_call_latency %.40s is not a time", waits[k].Raw)
		}
	}
	if !(total <= maxPromptTokens) {
		return nil, fmt.Errorf("a session of %g tokens is longer than %d", total, maxPromptTokens)
	}
	for k := 0; k <= n && (o.MaxTurns == 0 || k < o.MaxTurns); k++ {
		length, answer, turn := v.Get("input_prompt_length"), v.Get("final_assistant_response_length"), Turn{}
		if k > 0 {
			length, turn.DelayMs = outputs[k-1], 1000*waits[k-1].Num
		}
		if k < n {
			answer = answers[k]
		}
		if turn.Text, err = words.Append(nil, nil, r, max(1, int(length.Int()))); err != nil {
			return nil, err
		}
		if answer.Int() > 0 {
			turn.Own = ownMaxTokens(int(answer.Int()))
		}
		turns = append(turns, turn)
	}
	return turns, nil
}
