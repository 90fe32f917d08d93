package jsonl

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/goccy/go-json"

	"perfpipe/internal/sniff"
)

// Value is a JSON value of an input in which values may span lines.
type Value struct {
	Line  int    // where it begins, counted from 1
	Bytes []byte // valid until the next value is read
}

// Errors of Values.
var (
	errUnclosed = errors.New("not valid JSON: the input ends within a value")
	errArrayEnd = errors.New("not valid JSON: the array is not closed")
	errComma    = errors.New("not valid JSON: a comma is missing or too many")
)

// Values returns the JSON values of r, each on any number of lines. With elements, it returns the elements of an array
// instead of the array. It looks for the closing bracket only, so a value need not be valid JSON. An error is the last
// item, and its Line is the position.
func Values(r io.Reader, elements bool) iter.Seq2[Value, error] {
	return func(yield func(Value, error) bool) {
		s := scanner{br: bufio.NewReaderSize(r, 64<<10), line: 1}
		for {
			c, err := s.space()
			if err == io.EOF {
				return
			}
			if err == nil && elements && c == '[' {
				if !s.array(yield) {
					return
				}
			} else if !s.one(c, err, yield) {
				return
			}
		}
	}
}

// Elements returns the elements of an array in the object r, which is found by the path of keys.
func Elements(r io.Reader, path ...string) iter.Seq2[Value, error] {
	return func(yield func(Value, error) bool) {
		s := scanner{br: bufio.NewReaderSize(r, 64<<10), line: 1}
		for _, key := range path {
			if err := s.descend(key); err != nil {
				yield(Value{Line: s.line}, err)
				return
			}
		}
		if c, err := s.space(); err != nil || c != '[' {
			yield(Value{Line: s.line}, fmt.Errorf("%q is no list", strings.Join(path, ".")))
			return
		}
		s.array(yield)
	}
}

// descend moves to the value of a key of the next object.
func (s *scanner) descend(key string) error {
	c, err := s.space()
	if err == nil && c != '{' {
		err = fmt.Errorf("there is no object with %q", key)
	}
	for err == nil {
		s.br.Discard(1) // { or ,
		if c, err = s.space(); err != nil || c != '"' {
			break
		}
		if err = s.value(c); err != nil {
			break
		}
		var name string
		if err = json.Unmarshal(s.buf, &name); err != nil {
			return fmt.Errorf("not valid JSON: %w", err)
		}
		if c, err = s.space(); err != nil || c != ':' {
			break
		}
		s.br.Discard(1)
		if c, err = s.space(); err != nil || name == key {
			return unclosedIn(err)
		}
		if err = s.value(c); err != nil {
			break
		}
		if c, err = s.space(); err != nil || c != ',' {
			break
		}
	}
	if err != nil {
		return unclosedIn(err)
	}
	return fmt.Errorf("there is no key %q", key)
}

func unclosedIn(err error) error {
	if err == io.EOF {
		return errUnclosed
	}
	return err
}

// Spans reports whether head, the start of an input, begins with an object or array that does not end on its line.
func Spans(head []byte) bool {
	line, _, found := bytes.Cut(head, []byte{'\n'})
	if !found || len(line) == 0 || line[0] != '{' && line[0] != '[' {
		return false
	}
	s := scanner{br: bufio.NewReader(bytes.NewReader(line))}
	return s.nested() == errUnclosed && !s.inText
}

// scanner splits a stream into values. It is not a fastjson.Scanner, because it sees the text in chunks and accepts
// values that are not valid JSON, which the caller reports with their lines.
type scanner struct {
	br   *bufio.Reader
	line int
	buf  []byte

	inText bool // within a string
}

// one yields the value that begins with c, unless err is set, and reports whether to go on.
func (s *scanner) one(c byte, err error, yield func(Value, error) bool) bool {
	line := s.line
	if err == nil {
		err = s.value(c)
	}
	return yield(Value{line, s.buf}, err) && err == nil
}

// array yields the elements of an array. It reports whether to go on.
func (s *scanner) array(yield func(Value, error) bool) bool {
	s.br.Discard(1)
	for first := true; ; first = false {
		c, err := s.space()
		if first && err == nil && c == ']' {
			break
		}
		if !s.one(c, unclosed(err), yield) {
			return false
		}
		c, err = s.space()
		if err == nil && c == ']' {
			break
		}
		if err == nil && c != ',' {
			err = errComma
		}
		if err != nil {
			yield(Value{Line: s.line}, unclosed(err))
			return false
		}
		s.br.Discard(1)
	}
	s.br.Discard(1)
	return true
}

// unclosed returns the error for the end of the input within an array.
func unclosed(err error) error {
	if err == io.EOF {
		return errArrayEnd
	}
	return err
}

// space skips white space and byte order marks and returns the next byte.
func (s *scanner) space() (byte, error) {
	for {
		b, err := s.br.Peek(1)
		if err != nil {
			return 0, err
		}
		switch b[0] {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		case sniff.BOM[0]:
			if sniff.SkipBOM(s.br) {
				continue
			}
			return b[0], nil
		default:
			return b[0], nil
		}
		s.br.Discard(1)
	}
}

// value reads one value, which begins with c, into s.buf.
func (s *scanner) value(c byte) error {
	s.buf = s.buf[:0]
	if c == '{' || c == '[' {
		return s.nested()
	}
	if c == '"' {
		s.take(1)
		return s.text()
	}
	return s.word()
}

// nested reads an object or array up to the bracket that closes it.
func (s *scanner) nested() error {
	for depth := 0; ; {
		b, err := s.chunk()
		if err != nil {
			return err
		}
		k := 0
		for k < len(b) && b[k] != '"' && b[k] != '{' && b[k] != '}' && b[k] != '[' && b[k] != ']' {
			k++
		}
		if k == len(b) {
			s.take(len(b))
			continue
		}
		c := b[k]
		s.take(k + 1)
		switch c {
		case '"':
			if err := s.text(); err != nil {
				return err
			}
		case '{', '[':
			depth++
		default:
			if depth--; depth == 0 {
				return nil
			}
		}
	}
}

// text reads the rest of a string.
func (s *scanner) text() error {
	s.inText = true
	for {
		b, err := s.chunk()
		if err != nil {
			return err
		}
		k := bytes.IndexByte(b, '"')
		if k < 0 {
			k = bytes.IndexByte(b, '\\')
		} else if esc := bytes.IndexByte(b[:k], '\\'); esc >= 0 {
			k = esc
		}
		switch {
		case k < 0:
			s.take(len(b))
		case b[k] == '"':
			s.take(k + 1)
			s.inText = false
			return nil
		default: // an escape, whose second byte may be in the next chunk
			s.take(k + 1)
			if _, err := s.chunk(); err != nil {
				return err
			}
			s.take(1)
		}
	}
}

// word reads a number, true, false, null, or an invalid word.
func (s *scanner) word() error {
	for {
		b, err := s.chunk()
		if err == errUnclosed {
			return nil
		}
		if err != nil {
			return err
		}
		k := bytes.IndexAny(b, " \t\r\n,]}")
		if k >= 0 {
			if s.take(k); len(s.buf) == 0 {
				return errComma
			}
			return nil
		}
		s.take(len(b))
	}
}

// chunk returns the contents of the buffer, which it fills if it is empty.
func (s *scanner) chunk() ([]byte, error) {
	if _, err := s.br.Peek(1); err == io.EOF {
		return nil, errUnclosed
	} else if err != nil {
		return nil, err
	}
	return s.br.Peek(s.br.Buffered())
}

// take moves n bytes from the buffer to the value.
func (s *scanner) take(n int) {
	b, _ := s.br.Peek(n)
	s.line += bytes.Count(b, []byte{'\n'})
	s.buf = append(s.buf, b...)
	s.br.Discard(n)
}
