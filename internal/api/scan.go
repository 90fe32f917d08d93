package api

import (
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"perfpipe/internal/fastjson"
)

// scanChat reads the chunks that make up nearly all of every stream, and most whole replies, at a small part of the
// cost of decoding them: at most one choice, whose delta or message holds a role and texts, and a usage of plain
// numbers. ok is false if there is anything else; the caller then decodes it. What scanChat reads it reads as decoding
// does (FuzzScan).
func scanChat(data []byte) (e Event, ok bool) {
	s := chunkScanner{Scanner: fastjson.NewScanner(data)}
	return s.chat()
}

// chunkScanner walks over a chunk of a chat. Its methods report false at anything that needs decoding.
type chunkScanner struct {
	fastjson.Scanner
	learns bool // holes are recorded
	spoken bool // the choice has a delta or a message
	holes  []fastjson.Hole[Event]
}

func (s *chunkScanner) chat() (e Event, ok bool) {
	if !s.Object(func(key []byte) bool { return s.top(key, &e) }) || !s.Done() {
		return Event{}, false
	}
	return e, true
}

// hole records the place of the value just passed. quote is 1 for a string and 0 for a number.
func (s *chunkScanner) hole(length, quote int, read func([]byte, *Event) int) {
	if s.learns {
		end := s.Pos() - quote
		s.holes = append(s.holes, fastjson.Hole[Event]{From: end - length, To: end, Read: read})
	}
}

// plain passes a string that is valid UTF-8 without escapes.
func (s *chunkScanner) plain() ([]byte, bool) {
	b, escaped, ok := s.String()
	return b, ok && !escaped && utf8.Valid(b)
}

func (s *chunkScanner) nullOr(value func() bool) bool {
	if s.Next('n') {
		return s.Null()
	}
	return value()
}

// text passes a string of a field that has no value yet.
func (s *chunkScanner) text(to *string) bool {
	v, ok := s.plain()
	if !ok || *to != "" {
		return false
	}
	*to = string(v)
	return true
}

// output passes a text that differs from chunk to chunk.
func (s *chunkScanner) output(to *string, read func([]byte, *Event) int) bool {
	v, escaped, ok := s.String()
	if !ok || *to != "" || !utf8.Valid(v) {
		return false
	}
	if escaped { // without a hole, whose reader returns a part of the data
		s.learns = false
		*to = gjson.Parse(`"` + string(v) + `"`).Str
		return true
	}
	*to = string(v)
	s.hole(len(v), 1, read)
	return true
}

// count passes a number that differs from chunk to chunk.
func (s *chunkScanner) count(to *int, read func([]byte, *Event) int) bool {
	from := s.Pos()
	n, ok := s.Uint()
	s.hole(s.Pos()-from, 0, read)
	*to = int(n)
	return ok
}

func (s *chunkScanner) top(key []byte, e *Event) bool {
	switch string(key) {
	case "id":
		v, ok := s.plain()
		s.hole(len(v), 1, skipText)
		return ok
	case "system_fingerprint", "service_tier":
		return s.nullOr(func() bool { _, ok := s.plain(); return ok })
	case "created":
		return s.count(new(int), skipCount)
	case "object":
		v, ok := s.plain()
		return ok && string(v) != "error"
	case "model":
		return s.text(&e.Model)
	case "choices":
		if !s.Byte('[') {
			return false
		}
		if s.Space(); s.Byte(']') {
			return true
		}
		if e.Choice != 0 {
			return false
		}
		e.Choice = choiceOf(0)
		if !s.Object(func(key []byte) bool { return s.choice(key, e) }) {
			return false
		}
		s.Space()
		return s.Byte(']')
	case "usage":
		return e.Usage == nil && s.nullOr(func() bool {
			e.Usage = new(Usage)
			return s.Object(func(key []byte) bool { return s.usage(key, e.Usage) })
		})
	}
	return false
}

func (s *chunkScanner) choice(key []byte, e *Event) bool {
	switch string(key) {
	case "index":
		n, ok := s.Uint()
		e.Choice = choiceOf(int(n))
		return ok && e.Choice != 0
	case "logprobs", "stop_reason", "prompt_logprobs", "token_ids", "prompt_token_ids", "matched_stop":
		return s.Null()
	case "finish_reason":
		return s.nullOr(func() bool { return s.text(&e.Finish) && usual(e.Finish) })
	case "text":
		return s.output(&e.Content, readContent)
	case "delta", "message":
		again := s.spoken
		s.spoken, e.Whole = true, string(key) == "message"
		return !again && s.Object(func(key []byte) bool { return s.message(key, e) })
	}
	return false
}

// usual reports whether a finish reason needs no further look.
func usual(reason string) bool {
	switch reason {
	case "", "stop", "length", "tool_calls", "content_filter":
		return true
	}
	return false
}

func (s *chunkScanner) message(key []byte, e *Event) bool {
	switch string(key) {
	case "role":
		_, ok := s.plain()
		return ok
	case "content":
		return s.nullOr(func() bool { return s.output(&e.Content, readContent) })
	case "reasoning_content", "reasoning":
		return s.nullOr(func() bool { return s.output(&e.Reasoning, readReasoning) })
	case "tool_calls", "annotations":
		return s.nullOr(func() bool {
			if !s.Byte('[') {
				return false
			}
			s.Space()
			return s.Byte(']')
		})
	case "refusal", "function_call", "audio":
		return s.Null()
	}
	return false
}

func (s *chunkScanner) usage(key []byte, u *Usage) bool {
	switch string(key) {
	case "prompt_tokens":
		return u.Prompt == 0 && s.count(&u.Prompt, readPromptTokens)
	case "completion_tokens":
		return u.Completion == 0 && s.count(&u.Completion, readCompletionTokens)
	case "total_tokens":
		return u.Total == 0 && s.count(&u.Total, readTotalTokens)
	case "prompt_tokens_details", "completion_tokens_details":
		return s.Null()
	}
	return false
}

// The readers of a layout's holes. Texts are views of the event's data.

func skipText(b []byte, _ *Event) int { return fastjson.UnescapedASCII(b) }

func readContent(b []byte, e *Event) int {
	n := fastjson.UnescapedASCII(b)
	e.Content = fastjson.View(b[:n])
	return n
}

func readReasoning(b []byte, e *Event) int {
	n := fastjson.UnescapedASCII(b)
	e.Reasoning = fastjson.View(b[:n])
	return n
}

func skipCount(b []byte, _ *Event) int {
	_, n := fastjson.Uint(b)
	return n
}

func readPromptTokens(b []byte, e *Event) int     { return fastjson.Int(b, &e.Usage.Prompt) }
func readCompletionTokens(b []byte, e *Event) int { return fastjson.Int(b, &e.Usage.Completion) }
func readTotalTokens(b []byte, e *Event) int      { return fastjson.Int(b, &e.Usage.Total) }
