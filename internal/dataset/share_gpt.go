package dataset

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/dataset/synth"
)

// shareGPT returns the location of the conversations in a language.
func shareGPT(language string) where {
	file := "common_" + language + "_70k.jsonl"
	return where{"swift/sharegpt", "shareAI/ShareGPT-Chinese-English-90k", []string{file},
		[]string{"sharegpt_jsonl/" + file}}
}

// conversations reads conversations. Each is one request, without its last answer, or, with many, a request of several
// turns. keys are the columns that may contain the messages of a row.
func conversations(w where, many bool, keys ...string) func(context.Context, *Options) (items, error) {
	return func(ctx context.Context, o *Options) (items, error) {
		if err := o.textOnly("conversations"); err != nil {
			return nil, err
		}
		paths, err := o.local(ctx, w)
		if err != nil {
			return nil, err
		}
		p, err := newPrompts(o)
		if err != nil {
			return nil, err
		}
		return func(yield func(*Item, error) bool) {
			defer p.report()
			for line, err := range o.objects(paths) {
				it := Item{Place: line.place()}
				keep := true
				if err == nil {
					if keep, err = conversation(p, line.Bytes, many, keys, &it); err != nil {
						err = line.wrong(err)
					}
				}
				if !pass(yield, &it, keep, err) {
					return
				}
			}
		}, nil
	}
}

// conversation converts a row. A dropped conversation is counted once, for the first reason that applies.
func conversation(p *prompts, line []byte, many bool, keys []string, it *Item) (keep bool, err error) {
	v := gjson.ParseBytes(line)
	params, system := []api.Param(nil), ""
	if v.IsObject() {
		row, err := readRow(v, keys)
		if err != nil {
			return true, err
		}
		params, system = row.params, row.system
		p.leaves(&row)
		if row.messages.Exists() {
			v = embedded(row.messages)
		}
	}
	if v.IsObject() && keys != nil {
		return true, fmt.Errorf("no messages under %s; there are %s", strings.Join(keys, ", "), strings.Join(keysOf(v), ", "))
	}
	t := talk{p: p}
	if system != "" {
		t.add(newMessage("system", system))
	}
	if err := t.read(v); err != nil {
		return true, err
	}
	said := history(t.all)
	if !asks(said) {
		p.silent++
		return false, nil
	}
	if keep, err = p.fits(userText(said, !many)); err != nil || !keep {
		return p.keep(keep), err
	}
	if !many {
		it.In, it.Own = &api.Input{Messages: list(answered(said))}, params
		return true, nil
	}
	return p.converse(it, turns(said, params)), nil
}

// converse sets the turns of an item, with delays and up to the maximum number. keep is false if they are too few.
func (p *prompts) converse(it *Item, turns []Turn) (keep bool) {
	r := synth.NewRand(p.o.Seed, drawTurns, p.talks)
	p.talks++
	for k := 1; k < len(turns); k++ {
		if turns[k].DelayMs == 0 {
			turns[k].DelayMs = p.o.delay(r)
		}
	}
	if it.Turns = p.o.most(turns); len(it.Turns) < p.o.MinTurns {
		p.short++
		return false
	}
	return true
}

// asks reports whether there is a message that is neither a system message nor an answer.
func asks(all []message) bool {
	return slices.ContainsFunc(all, func(m message) bool {
		return m.role != "assistant" && m.role != "system" && m.role != "developer"
	})
}

// answered returns the messages without empty answers.
func answered(all []message) []message {
	return slices.DeleteFunc(all, func(m message) bool { return m.answer() && m.empty() })
}
