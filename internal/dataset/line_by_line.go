package dataset

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"llmperf/internal/api"
	"llmperf/internal/jsonl"
	"llmperf/internal/request"
)

// lineByLine takes each line of a file as text, as an array of messages or as a whole request, as it looks.
func lineByLine(_ context.Context, o *Options) (items, error) {
	if len(o.Paths) == 0 {
		return nil, errors.New("--dataset line_by_line reads a file, and --dataset-path names none")
	}
	return func(yield func(*Item, error) bool) {
		left := 0
		var it Item
		for line, err := range o.lines() {
			it = Item{Text: it.Text[:0]}
			keep := true
			if err == nil {
				if keep, err = lineItem(o, line.Bytes, &it); err != nil {
					err = &jsonl.LineError{File: line.file, Line: line.N, Err: err}
				}
			}
			if !keep {
				left++
			} else if !yield(&it, err) {
				return
			}
		}
		if left > 0 {
			o.Say("%d prompts left out: shorter than --min-prompt-length or longer than --max-prompt-length", left)
		}
	}, nil
}

// lineItem reads one line. A line that begins like JSON and is none is an error, but prose may begin with a bracket.
func lineItem(o *Options, line []byte, it *Item) (keep bool, err error) {
	switch {
	case bytes.HasPrefix(line, []byte(`{"`)) || line[0] == '{' && json.Valid(line):
		it.Line, err = request.Parse(line)
		if err != nil {
			return true, err
		}
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
		it.Text, it.In = nil, &api.Input{Messages: bytes.Clone(line)}
		return true, nil
	}
	it.Text = request.AppendEscaped(it.Text, line)
	return o.fits(string(line))
}

// fileLine is a line and the file that it stands in.
type fileLine struct {
	jsonl.Line
	file string
}

// lines gives the lines of all files, one after the other.
func (o *Options) lines() func(yield func(fileLine, error) bool) {
	return func(yield func(fileLine, error) bool) {
		for _, path := range o.Paths {
			r, name, close, err := o.Input(path)
			if err != nil {
				yield(fileLine{}, err)
				return
			}
			for line, err := range jsonl.Lines(r) {
				if err != nil {
					err = fmt.Errorf("%s: %w", name, err)
				}
				if !yield(fileLine{line, name}, err) || err != nil {
					close()
					return
				}
			}
			close()
		}
	}
}
