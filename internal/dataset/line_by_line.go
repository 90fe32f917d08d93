package dataset

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"llmperf/internal/api"
	"llmperf/internal/request"
)

// lineByLine takes each line of a file as text, as an array of messages or as a whole request, as it looks.
func lineByLine(_ context.Context, o *Options) (items, error) { return textLines(o, lineItem) }

// customLines takes each line of a file as text, whatever it looks like.
func customLines(_ context.Context, o *Options) (items, error) {
	return textLines(o, func(p *prompts, line []byte, it *Item) (bool, error) { return p.put(it, string(line)) })
}

func textLines(o *Options, item func(p *prompts, line []byte, it *Item) (keep bool, err error)) (items, error) {
	if len(o.Paths) == 0 {
		return nil, errNoFile
	}
	p, err := newPrompts(o)
	if err != nil {
		return nil, err
	}
	return func(yield func(*Item, error) bool) {
		defer p.said()
		var it Item
		for line, err := range o.lines(o.Paths) {
			it = Item{Text: it.Text[:0]}
			keep := true
			if err == nil {
				if keep, err = item(p, line.Bytes, &it); err != nil {
					err = line.wrong(err)
				}
			}
			if !pass(yield, &it, keep, err) {
				return
			}
		}
	}, nil
}

// lineItem reads one line. A line that begins like JSON and is none is an error, but prose may begin with a bracket.
func lineItem(p *prompts, line []byte, it *Item) (keep bool, err error) {
	switch {
	case bytes.HasPrefix(line, []byte(`{"`)) || line[0] == '{' && json.Valid(line):
		if it.Line, err = request.Parse(line); err != nil {
			return true, err
		}
		p.bodies++
		it.Text, it.Body = nil, it.Line.Body
		for _, turn := range it.Line.Turns {
			it.Turns = append(it.Turns, Turn{Item{Body: turn.Body}, turn.DelayMs})
		}
		it.Line.Turns = nil
		return true, nil
	case bytes.HasPrefix(line, []byte(`[{`)):
		if !json.Valid(line) {
			return true, fmt.Errorf("not valid JSON: %.40q", line)
		}
		p.bodies++
		it.Text, it.In = nil, &api.Input{Messages: bytes.Clone(line)}
		return true, nil
	}
	return p.put(it, string(line))
}
