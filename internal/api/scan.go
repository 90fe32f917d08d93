package api

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// scanChat reads the chunks that make up nearly all of every stream, at a small part of the cost of decoding them: one
// choice at the most, whose delta holds a role and plain texts, and a usage of plain numbers, in the compact JSON that
// servers write. ok is false for whatever has anything else in it, which is then decoded; what it reads it reads as
// decoding does (FuzzScan).
func scanChat(data []byte) (e Event, ok bool) {
	s := scanner{b: data}
	return s.chat()
}

func (s *scanner) chat() (e Event, ok bool) {
	if !simple(s.b) || !s.object(func(key []byte) bool { return s.top(key, &e) }) || s.i != len(s.b) {
		return Event{}, false
	}
	return e, true
}

// simple says whether b holds neither escapes nor control characters, and valid UTF-8: strings in it stand for
// themselves. Eight bytes are looked at together (Anderson, Bit Twiddling Hacks: hasless, haszero).
func simple(b []byte) bool {
	const ones, tops = ^uint64(0) / 255, ^uint64(0) / 255 * 0x80
	ascii := true
	for len(b) >= 8 {
		x := binary.LittleEndian.Uint64(b)
		slash := x ^ ones*'\\'
		if ((x-ones*' ')&^x|(slash-ones)&^slash)&tops != 0 {
			return false
		}
		if x&tops != 0 {
			ascii = false
			break
		}
		b = b[8:]
	}
	for _, c := range b {
		if c < ' ' || c == '\\' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.Valid(b)
}

// scanner walks over JSON that is simple. Its methods give false for what it does not know.
type scanner struct {
	b     []byte
	i     int
	keep  bool // the places of what differs from chunk to chunk
	holes []hole
}

// hole keeps the place of the value that was just taken; quote is 1 for a string's.
func (s *scanner) hole(f field, length, quote int) {
	if s.keep {
		s.holes = append(s.holes, hole{s.i - quote - length, s.i - quote, f})
	}
}

// next skips spaces and takes c.
func (s *scanner) next(c byte) bool {
	for s.i < len(s.b) && s.b[s.i] == ' ' {
		s.i++
	}
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

// object calls member for each key, to take its value.
func (s *scanner) object(member func(key []byte) bool) bool {
	if !s.next('{') {
		return false
	}
	if s.next('}') {
		return true
	}
	for {
		key, ok := s.str()
		if !ok || !s.next(':') || !member(key) {
			return false
		}
		if !s.next(',') {
			return s.next('}')
		}
	}
}

func (s *scanner) str() ([]byte, bool) {
	if !s.next('"') {
		return nil, false
	}
	b, from := s.b, s.i
	for i := from; i < len(b); i++ { // a loop beats a search, since nearly all are short
		if b[i] == '"' {
			s.i = i + 1
			return b[from:i], true
		}
	}
	return nil, false
}

func (s *scanner) null() bool {
	if !s.next('n') || !bytes.HasPrefix(s.b[s.i:], []byte("ull")) {
		return false
	}
	s.i += len("ull")
	return true
}

// number takes a plain whole one of at most 10 digits.
func (s *scanner) number() (int, bool) {
	if s.next('"') { // skips the spaces; a string is no number
		return 0, false
	}
	n, digits := wholeNumber(s.b[s.i:])
	s.i += digits
	return n, digits > 0
}

// wholeNumber reads the number of at most 10 digits that b begins with, and gives how many they are, 0 where there is none.
func wholeNumber(b []byte) (n, digits int) {
	i := 0
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		n = n*10 + int(b[i]-'0')
	}
	if i > 10 || i > 1 && b[0] == '0' {
		return 0, 0
	}
	return n, i
}

// nullOr takes null or what value takes.
func (s *scanner) nullOr(value func() bool) bool {
	if s.next('n') {
		s.i--
		return s.null()
	}
	return value()
}

// text takes a string for a field that has none yet.
func (s *scanner) text(to *string) bool {
	v, ok := s.str()
	if !ok || *to != "" {
		return false
	}
	*to = string(v)
	return true
}

func (s *scanner) top(key []byte, e *Event) bool {
	switch string(key) {
	case "id":
		v, ok := s.str()
		s.hole(idField, len(v), 1)
		return ok
	case "system_fingerprint", "service_tier":
		return s.nullOr(func() bool { _, ok := s.str(); return ok })
	case "created":
		return s.counted(createdField, new(int))
	case "object":
		v, ok := s.str()
		return ok && string(v) != "error"
	case "model":
		return s.text(&e.Model)
	case "choices":
		if !s.next('[') {
			return false
		}
		return s.next(']') || s.object(func(key []byte) bool { return s.choice(key, e) }) && s.next(']')
	case "usage":
		return e.Usage == nil && s.nullOr(func() bool {
			e.Usage = new(Usage)
			return s.object(func(key []byte) bool { return s.count(key, e.Usage) })
		})
	}
	return false
}

func (s *scanner) choice(key []byte, e *Event) bool {
	switch string(key) {
	case "index":
		_, ok := s.number()
		return ok
	case "logprobs", "stop_reason", "prompt_logprobs", "token_ids", "prompt_token_ids", "matched_stop":
		return s.null()
	case "finish_reason":
		return s.nullOr(func() bool { return s.text(&e.Finish) && usual(e.Finish) })
	case "text":
		return s.output(contentField, &e.Content)
	case "delta":
		return s.object(func(key []byte) bool { return s.delta(key, e) })
	}
	return false
}

// usual reports whether a reason to end needs no thought.
func usual(reason string) bool {
	switch reason {
	case "", "stop", "length", "tool_calls", "content_filter":
		return true
	}
	return false
}

func (s *scanner) delta(key []byte, e *Event) bool {
	switch string(key) {
	case "role":
		_, ok := s.str()
		return ok
	case "content":
		return s.nullOr(func() bool { return s.output(contentField, &e.Content) })
	case "reasoning_content", "reasoning":
		return s.nullOr(func() bool { return s.output(reasoningField, &e.Reasoning) })
	case "refusal", "tool_calls", "function_call", "audio":
		return s.null()
	}
	return false
}

func (s *scanner) count(key []byte, u *Usage) bool {
	switch string(key) {
	case "prompt_tokens":
		return u.Prompt == 0 && s.counted(promptField, &u.Prompt)
	case "completion_tokens":
		return u.Completion == 0 && s.counted(completionField, &u.Completion)
	case "total_tokens":
		return u.Total == 0 && s.counted(totalField, &u.Total)
	case "prompt_tokens_details", "completion_tokens_details":
		return s.null()
	}
	return false
}

// counted takes a number whose place is kept.
func (s *scanner) counted(f field, to *int) bool {
	from := s.i
	n, ok := s.number()
	for from < s.i && s.b[from] == ' ' {
		from++
	}
	s.hole(f, s.i-from, 0)
	*to = n
	return ok
}

// output takes a text whose place is kept.
func (s *scanner) output(f field, to *string) bool {
	if !s.text(to) {
		return false
	}
	s.hole(f, len(*to), 1)
	return true
}
