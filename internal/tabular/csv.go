package tabular

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"perfpipe/internal/jsonl"
	"perfpipe/internal/sniff"
)

// maxRecord is the size in bytes at which an open quote is taken for a mistake.
const maxRecord = 64 << 20

var (
	errQuote = errors.New("a quoted field is not closed")
	errLong  = errors.New("more fields than the header has: a field with a separator in it needs quotes")
	errSlash = errors.New(`a quote within quotes is written \", and must be doubled`)
)

// Table reads a CSV or TSV file as Python's csv module does: a quote opens a field only at its beginning and is
// doubled within, text after the closing quote belongs to the field, and blank lines are skipped. Unlike in Python, a
// field that is never closed is one bad line, and the records after it are read; so is a record with quotes that are
// escaped by a backslash.
type Table struct {
	Header []string

	name  string
	br    *bufio.Reader
	comma byte
	line  int      // number of the next line
	again []byte   // lines to read again, before those of br
	slash bool     // the current record has a quote that a backslash escapes
	raw   []byte   // the record as it is in the file
	text  []byte   // its fields, concatenated
	ends  []int    // end of each field in text
	last  []string // fields of the current record; reused
}

// NewTable reads the header of r. name is for messages. Fields are separated by tabs if name ends in .tsv, and
// otherwise by commas, or by tabs or semicolons if the header contains only those outside quotes. An empty input has no
// Header.
func NewTable(r io.Reader, name string) (*Table, error) {
	t := &Table{name: name, br: bufio.NewReaderSize(r, 64<<10), line: 1, comma: ','}
	t.br.Peek(1) // fills the buffer; an error occurs again with the first record
	sniff.SkipBOM(t.br)
	head, _ := t.br.Peek(t.br.Buffered())
	line := head[:lineEnd(head)]
	// Excel's directive
	if sep := bytes.TrimRight(line, "\r\n"); len(sep) == len("sep=;") && bytes.HasPrefix(sep, []byte("sep=")) {
		t.comma = sep[len(sep)-1]
		t.br.Discard(len(line))
		t.line++
	} else {
		t.comma = separator(line, name)
	}
	rec, err := t.next()
	if err == io.EOF {
		return t, nil
	}
	if err != nil {
		return nil, err
	}
	t.Header = slices.Clone(rec.Fields)
	return t, nil
}

// separator returns the separator of the fields of a header.
func separator(header []byte, name string) byte {
	var bare []byte // without what is in quotes
	for i, part := range bytes.Split(header, []byte{'"'}) {
		if i%2 == 0 {
			bare = append(bare, part...)
		}
	}
	has := func(c byte) bool { return bytes.IndexByte(bare, c) >= 0 }
	switch {
	case ext(name) == ".tsv" || has('\t') && !has(','):
		return '\t'
	case has(';') && !has(','):
		return ';'
	}
	return ','
}

// Record is one record of a Table. It is valid until the next one.
type Record struct {
	Line   int      // number of its first line
	Fields []string // at most as many as the Header has
}

// Records returns the records below the header. A bad one is a *jsonl.LineError, after which reading continues.
func (t *Table) Records() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for {
			rec, err := t.next()
			if err == io.EOF {
				return
			}
			if err == nil && len(rec.Fields) > len(t.Header) {
				err = &jsonl.LineError{File: t.name, Line: rec.Line, Err: fmt.Errorf("%d fields: %w", len(rec.Fields), errLong)}
			}
			_, bad := errors.AsType[*jsonl.LineError](err)
			if !yield(rec, err) || err != nil && !bad {
				return
			}
		}
	}
}

// Missing returns an error that names the columns that the table lacks.
func (t *Table) Missing(columns ...string) error { return check(t.name, columns, t.Header) }

// next reads a record. It returns io.EOF at the end.
func (t *Table) next() (Record, error) {
	t.raw, t.text, t.ends, t.slash = t.raw[:0], t.text[:0], t.ends[:0], false
	first, state := t.line, fieldStart
	for {
		line, err := t.physical()
		if err == io.EOF && state == quoted {
			return Record{Line: first}, t.unclosed(first)
		}
		if err != nil {
			return Record{Line: first}, err
		}
		if state == fieldStart && len(bytes.TrimRight(line, "\r\n")) == 0 {
			first = t.line
			continue
		}
		t.raw = append(t.raw, line...)
		if state = t.parse(line, state); state == quoted && len(t.raw) < maxRecord {
			continue
		}
		if state == quoted {
			return Record{Line: first}, t.unclosed(first)
		}
		err = sniff.Text(t.raw)
		if err == nil && t.slash {
			err = errSlash
		}
		if err != nil {
			return Record{Line: first}, &jsonl.LineError{File: t.name, Line: first, Err: err}
		}
		return Record{first, t.fields()}, nil
	}
}

// unclosed returns the error of an unclosed quote in line first, and rewinds to the line after it.
func (t *Table) unclosed(first int) error {
	n := bytes.IndexByte(t.raw, '\n') + 1
	if n == 0 {
		n = len(t.raw)
	}
	t.again = append(slices.Clone(t.raw[n:]), t.again...)
	t.line = first + 1
	return &jsonl.LineError{File: t.name, Line: first, Err: errQuote}
}

// physical reads one line, which ends in LF, CRLF or CR. It is valid until the next one.
func (t *Table) physical() (line []byte, err error) {
	if len(t.again) == 0 {
		if line, err = t.br.ReadSlice('\n'); err == bufio.ErrBufferFull {
			begin, rest := slices.Clone(line), []byte(nil) // ReadBytes overwrites the buffer of line
			rest, err = t.br.ReadBytes('\n')
			line = append(begin, rest...)
		}
		if err != nil && (err != io.EOF || len(line) == 0) {
			if err != io.EOF {
				err = fmt.Errorf("%s: %w", t.name, err)
			}
			return nil, err
		}
		if lineEnd(line) == len(line) {
			t.line++
			return line, nil
		}
		t.again = slices.Clone(line)
	}
	n := lineEnd(t.again)
	line, t.again = t.again[:n], t.again[n:]
	t.line++
	return line, nil
}

// lineEnd returns the length of the first line of b. It examines at most a few KiB after it.
func lineEnd(b []byte) int {
	const window = 4 << 10
	for from := 0; from < len(b); from += window {
		w := b[from:min(from+window, len(b))]
		k := bytes.IndexByte(w, '\r')
		if k < 0 {
			k = len(w)
		}
		if n := bytes.IndexByte(w[:k], '\n'); n >= 0 {
			return from + n + 1
		}
		if k == len(w) {
			continue
		}
		if k += from + 1; k < len(b) && b[k] == '\n' {
			k++
		}
		return k
	}
	return len(b)
}

// States between two bytes of a record.
const (
	fieldStart = iota
	inField
	quoted
	quoteInQuoted // end of the field, or the first of two quotes
)

// parse appends the fields of a line and returns the state at its end.
func (t *Table) parse(line []byte, state int) int {
	if state == fieldStart && bytes.IndexByte(line, '"') < 0 {
		line = bytes.TrimRight(line, "\r\n")
		for {
			k := bytes.IndexByte(line, t.comma)
			if k < 0 {
				t.text = append(t.text, line...)
				t.end()
				return fieldStart
			}
			t.text = append(t.text, line[:k]...)
			t.end()
			line = line[k+1:]
		}
	}
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case state == quoted && c == '"':
			state = quoteInQuoted
		case state == quoted:
			k := bytes.IndexByte(line[i:], '"') // usually distant
			if k < 0 {
				k = len(line) - i
			}
			t.text = append(t.text, line[i:i+k]...)
			i += k - 1
		case state == quoteInQuoted && c == '"':
			t.text = append(t.text, c)
			state = quoted
		case c == t.comma:
			t.end()
			state = fieldStart
		case c == '\n' || c == '\r':
		case state == fieldStart && c == '"':
			state = quoted
		default:
			t.slash = t.slash || state == quoteInQuoted && bytes.HasSuffix(t.field(), []byte{'\\'})
			t.text = append(t.text, c)
			state = inField
		}
	}
	if state != quoted {
		t.end()
	}
	return state
}

// field returns the current field as far as it is parsed.
func (t *Table) field() []byte {
	if n := len(t.ends); n > 0 {
		return t.text[t.ends[n-1]:]
	}
	return t.text
}

func (t *Table) end() { t.ends = append(t.ends, len(t.text)) }

// fields returns the fields as slices of one string.
func (t *Table) fields() []string {
	all, from := string(t.text), 0
	t.last = t.last[:0]
	for _, to := range t.ends {
		t.last = append(t.last, all[from:to])
		from = to
	}
	return t.last
}

// CSV is Read for a stream that is CSV or TSV whatever its name, and not compressed.
func CSV(r io.Reader, name string, columns ...string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		t, err := NewTable(r, name)
		if err == nil && t.Header != nil {
			err = t.Missing(columns...)
		}
		if err != nil {
			yield(Row{}, err)
			return
		}
		values := map[string]any{}
		for rec, err := range t.Records() {
			row := Row{N: rec.Line, Line: true}
			if err == nil {
				clear(values)
				row.Values = values
				for i, f := range rec.Fields {
					if len(columns) == 0 || slices.Contains(columns, t.Header[i]) {
						row.Values[t.Header[i]] = f
					}
				}
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// check returns an error if a file lacks columns.
func check(name string, columns, have []string) error {
	for _, c := range columns {
		k := slices.Index(have, c)
		if k < 0 {
			return fmt.Errorf("%s: no column %q; it has %s", name, c, strings.Join(have, ", "))
		}
		if slices.Contains(have[k+1:], c) {
			return fmt.Errorf("%s: two columns are named %q", name, c)
		}
	}
	return nil
}
