package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/fastjson"
	"perfpipe/internal/request"
)

// lineReader reads files of lines or JSON values, detecting the form of each.
type lineReader struct {
	*prompts
	capture
	o      *Options
	listed bool // the values of the file are elements of an array
}

// lineByLine reads each line of a file as text, an array of messages or a whole request, and the values of a JSON file
// likewise. A file that is a captured log or trace is read in its own format.
func lineByLine(_ context.Context, o *Options) (items, error) {
	return readLines(o, func(r *lineReader, in *dataFile, yield func(*Item, error) bool) bool {
		s := in.sample()
		if err := noPrompts(in.head); err != nil {
			yield(nil, fmt.Errorf("%s: %w", in.name, err))
			return false
		}
		if f, ok := r.log(s); ok {
			o.say("%s: read as a trace of the format %s", in.name, f.name)
			return r.trace(f, in, s, yield)
		}
		switch {
		case s.texts && s.header != nil:
			yield(nil, fmt.Errorf("%s: %w", in.name, s.unknown()))
			return false
		case in.parquet || in.layout() != byLine:
			r.listed = !in.parquet && in.layout() == byElement
			return r.each(in.values, r.value, yield)
		case in.quoted():
			return r.each(in.lines, r.quoted, yield)
		}
		return r.each(in.lines, r.line, yield)
	})
}

// customLines reads each line of a file as text, whatever it looks like, except for vLLM's custom dataset, whose
// prompts it reads.
func customLines(_ context.Context, o *Options) (items, error) {
	return readLines(o, func(r *lineReader, in *dataFile, yield func(*Item, error) bool) bool {
		s := in.sample()
		if in.parquet {
			yield(nil, fmt.Errorf("%s: %w", in.name, s.unknown()))
			return false
		}
		if len(s.objects) > 0 && isVLLM(s.objects) {
			mixed := o.someLack(in.name, s, "output_tokens")
			return r.each(in.values, func(l *fileLine, it *Item) (bool, error) {
				v := gjson.ParseBytes(l.Bytes)
				if n, err := optional(v, "output_tokens"); err == nil && n == 0 {
					r.skip(failed)
					return false, nil
				}
				it.Length = mixed
				return vllmItem(r.prompts, v, it)
			}, yield)
		}
		return r.each(in.lines, func(l *fileLine, it *Item) (bool, error) { return r.put(it, string(l.Bytes)) }, yield)
	})
}

func readLines(o *Options, read func(r *lineReader, in *dataFile, yield func(*Item, error) bool) bool) (items, error) {
	if len(o.Paths) == 0 {
		return nil, errNoFile
	}
	p, err := newPrompts(o)
	if err != nil {
		return nil, err
	}
	r := &lineReader{prompts: p, capture: capture{o: o}, o: o}
	return func(yield func(*Item, error) bool) {
		defer p.report()
		if eachFile(o, o.Paths, yield, func(in *dataFile) bool { return read(r, in, yield) }) {
			r.capture.report()
		}
	}, nil
}

// log detects a captured log or trace, whose lines are not requests themselves.
func (r *lineReader) log(s *sample) (format, bool) {
	for _, f := range formats() {
		if f.name != "requests" && f.looks(s) {
			return f, !r.o.anyBody
		}
	}
	return format{}, false
}

func (r *lineReader) trace(f format, in *dataFile, s *sample, yield func(*Item, error) bool) bool {
	t := newTrace(r.o, 1)
	for it, err := range t.as(f, in, s) {
		if !yield(it, err) {
			return false
		}
	}
	t.report()
	return true
}

// each converts the lines or values of a file. It stops if the first ones are rows that are not requests: then the
// file is of another kind.
func (r *lineReader) each(read func(func(fileLine, error) bool) bool, item func(l *fileLine, it *Item) (bool, error),
	yield func(*Item, error) bool) bool {
	var it Item
	first := true
	return read(func(l fileLine, err error) bool {
		it = Item{Text: it.Text[:0], Place: l.place()}
		keep := true
		if err == nil {
			keep, err = item(&l, &it)
			if unknown, ok := errors.AsType[*rowsError](err); ok && first {
				unknown.array = r.listed
				yield(nil, fmt.Errorf("%s: %w", l.file, unknown))
				return false
			}
			if first = false; err != nil {
				err = l.wrong(err)
			}
		}
		return pass(yield, &it, keep, err)
	})
}

// quoted reports whether every complete line of the head is a JSON string.
func (in *dataFile) quoted() bool {
	lines := bytes.Split(in.head, []byte{'\n'})
	if !in.whole {
		lines = lines[:len(lines)-1]
	}
	n := 0
	for _, line := range lines {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if n++; line[0] != '"' || !gjson.ValidBytes(line) {
			return false
		}
	}
	return n > 0
}

// quoted reads a line that is a JSON string.
func (r *lineReader) quoted(l *fileLine, it *Item) (keep bool, err error) {
	v := gjson.ParseBytes(l.Bytes)
	if v.Type != gjson.String || !gjson.ValidBytes(l.Bytes) {
		return true, fmt.Errorf("not a JSON string, as the lines above: %.40q", l.Bytes)
	}
	return r.put(it, v.Str)
}

// line converts one line. A line that begins like a JSON object and is not valid JSON is an error, but prose may begin
// with a bracket.
func (r *lineReader) line(l *fileLine, it *Item) (keep bool, err error) {
	line := l.Bytes
	switch {
	case bytes.HasPrefix(line, []byte(`{"`)) || bytes.HasPrefix(line, []byte(`{ "`)) ||
		line[0] == '{' && json.Valid(line):
		return r.object(line, it)
	case bytes.HasPrefix(line, []byte(`[{`)):
		if !json.Valid(line) {
			return true, fmt.Errorf("not valid JSON: %.40q", line)
		}
		return r.array(line, it)
	}
	return r.put(it, string(line))
}

// value converts one value of a JSON file.
func (r *lineReader) value(l *fileLine, it *Item) (keep bool, err error) {
	switch v := gjson.ParseBytes(l.Bytes); {
	case v.Type == gjson.String:
		return r.put(it, v.Str)
	case v.IsObject():
		return r.object(l.Bytes, it)
	case v.IsArray():
		return r.array(l.Bytes, it)
	}
	return true, fmt.Errorf("no request: %.40q", l.Bytes)
}

// array converts the messages of a conversation.
func (r *lineReader) array(raw []byte, it *Item) (keep bool, err error) {
	v := gjson.ParseBytes(raw)
	switch first := v.Get("0"); {
	case isMessages(v) && first.Exists():
		r.bodies++
		if endsInAnswer(raw) {
			r.answered++
		}
		it.Text, it.In = nil, &api.Input{Messages: bytes.Clone(raw)}
		return true, nil
	case hasAny(first, "from", "human"), isLangChain(v):
		it.Text = nil
		return conversation(r.prompts, raw, false, nil, it)
	case first.IsObject():
		return true, unknownRow(first)
	}
	return true, fmt.Errorf("a list that has no messages: %.40q", raw)
}

// object converts a body, an envelope, or a row of a dataset in a well-known format.
func (r *lineReader) object(raw []byte, it *Item) (keep bool, err error) {
	if r.members, err = fastjson.AppendMembers(r.members[:0], raw); err != nil {
		plain, bad := valid(raw) // NaN becomes null
		if r.members, err = fastjson.AppendMembers(r.members[:0], plain); err != nil || bad != nil {
			_, err = request.Parse(raw) // to find the reason
			return true, err
		}
		raw = plain
	}
	if err := r.members.Distinct(); err != nil {
		return true, err
	}
	switch {
	case isRowOfTurns(r.members.Get("turns")):
		it.Text = nil
		return conversation(r.prompts, raw, true, []string{"turns"}, it)
	case hasMember(r.members, "body", "turns"):
		return r.envelope(raw, it)
	case r.o.anyBody || isBodyOf(r.members):
		r.bodies++
		if m := r.members.Get("messages"); m != nil && endsInAnswer(m.Value) &&
			!hasMember(r.members, "continue_final_message", "add_generation_prompt") {
			r.answered++
		}
		it.Text, it.Body, it.Members = nil, raw, r.members
		return true, nil
	}
	v := gjson.ParseBytes(raw)
	for _, key := range []string{"conversations", "conversation", "messages"} {
		if list := embedded(v.Get(key)); list.IsArray() {
			it.Text = nil
			return conversation(r.prompts, raw, false, []string{key}, it)
		}
	}
	if v.Get("instruction").Type == gjson.String && hasAny(v, "input", "output") {
		return r.alpaca(v, it)
	}
	return true, unknownRow(v)
}

// isRowOfTurns reports whether turns are user messages, as in MT-Bench and aiperf, rather than bodies.
func isRowOfTurns(turns *fastjson.Member) bool {
	if turns == nil || turns.Value[0] != '[' {
		return false
	}
	first := gjson.GetBytes(turns.Value, "0")
	return first.Type == gjson.String || first.IsObject() && !first.Get("body").Exists() &&
		hasAny(first, "text", "role", "content")
}

// envelope converts a request line that has more than a body.
func (r *lineReader) envelope(raw []byte, it *Item) (keep bool, err error) {
	line, err := request.Parse(raw)
	if err != nil {
		return true, err
	}
	if err := r.o.areBodies(line); err != nil {
		return true, err
	}
	r.bodies++
	r.ignored(line)
	headers := line.Headers
	it.Line, it.Text, it.Body = line, nil, line.Body
	it.Line.Headers, it.Line.Turns = nil, nil
	for name, value := range headers {
		r.header(it, name, value)
	}
	if line.URL != "" {
		if it.Line.URL, err = r.address(line.URL); err != nil {
			return true, err
		}
	}
	if line.Turns == nil {
		return true, nil
	}
	for _, turn := range line.Turns {
		it.Turns = append(it.Turns, Turn{Item: Item{Body: turn.Body}, DelayMs: turn.DelayMs})
	}
	return r.converse(it, it.Turns), nil
}

// alpaca converts an instruction, its input and its history, in the format of the Alpaca dataset.
func (r *lineReader) alpaca(v gjson.Result, it *Item) (keep bool, err error) {
	text := v.Get("instruction").Str
	if input := v.Get("input").Str; input != "" {
		text += "\n" + input
	}
	var all []message
	if system := v.Get("system").Str; system != "" {
		all = append(all, newMessage("system", system))
	}
	for _, pair := range v.Get("history").Array() {
		all = append(all, newMessage("user", pair.Get("0").Str), newMessage("assistant", pair.Get("1").Str))
	}
	if all == nil {
		return r.put(it, text)
	}
	if keep, err = r.fits(text); err != nil || !keep {
		return r.keep(keep), err
	}
	it.Text, it.In = nil, &api.Input{Messages: list(append(all, newMessage("user", text)))}
	return true, nil
}
