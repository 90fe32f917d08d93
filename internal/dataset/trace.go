package dataset

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"llmperf/internal/jsonl"
)

// format is one kind of captured log or trace: exactly one of line and read is set.
type format struct {
	name  string
	block int64                                                            // tokens of the blocks that it has hashes of, unless the data says otherwise
	looks func(head []byte, first gjson.Result) bool                       // first is the first line, if it is a JSON object
	line  func(t *trace, v gjson.Result, it *Item) (bool, error)           // makes an item of a line, or says that it is none
	read  func(t *trace, r io.Reader, name string) iter.Seq2[*Item, error] // reads what is no lines of JSON
}

// formats is the table of them all. The first that looks right is taken.
func formats() []format {
	return []format{
		{name: "har", looks: looksHAR, read: readHAR},
		{name: "azure", looks: hasColumns("TIMESTAMP", "ContextTokens"), read: csvTrace(azureRow, "TIMESTAMP", "ContextTokens", "GeneratedTokens")},
		{name: "burstgpt", looks: hasColumns("Timestamp", "Request tokens"), read: csvTrace(burstRow, "Timestamp", "Request tokens", "Response tokens")},
		{name: "bailian", looks: hasKeys("chat_id", "input_length", "hash_ids"), line: bailianLine, block: bailianBlock},
		{name: "mooncake", looks: hasKeys("timestamp", "input_length", "output_length"), line: mooncakeLine, block: mooncakeBlock},
		{name: "records", looks: hasKeys("sent_us"), line: recordLine},
		{name: "workload_trace", looks: hasKeys("timestamp", "body"), line: workloadLine},
		{name: "access_log", looks: looksAccessLog, line: accessLine},
		{name: "vegeta", looks: looksVegeta, line: vegetaLine},
		{name: "vllm", looks: hasKeys("prompt", "output_tokens"), line: vllmLine},
		{name: "requests", looks: looksRequest, line: requestLine},
	}
}

// Formats names what --format may be.
func Formats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// hasColumns looks for the header of a CSV file, which has these columns among others.
func hasColumns(columns ...string) func([]byte, gjson.Result) bool {
	return func(head []byte, _ gjson.Result) bool {
		header, err := csv.NewReader(bytes.NewReader(head)).Read()
		return err == nil && !slices.ContainsFunc(columns, func(c string) bool { return !slices.Contains(header, c) })
	}
}

func hasKeys(keys ...string) func([]byte, gjson.Result) bool {
	return func(_ []byte, first gjson.Result) bool {
		for _, k := range keys {
			if !first.Get(k).Exists() {
				return false
			}
		}
		return true
	}
}

// trace is the reading of captured logs and traces.
type trace struct {
	o       *Options
	texts   *texts   // made when a trace of lengths needs them
	n       int64    // requests so far
	startMs *float64 // when the first was
	left    int      // entries that are no requests
	hidden  int      // headers and parameters that were left out because they let somebody in
	speed   float64
	block   int64 // tokens of a block with a hash
}

// traces reads logs and traces, each file in its own format.
func traces(_ context.Context, o *Options) (items, error) {
	if len(o.Paths) == 0 {
		return nil, errNoFile
	}
	speed, err := o.arg("speed", 1)
	if err != nil {
		return nil, err
	}
	return func(yield func(*Item, error) bool) {
		t := &trace{o: o, speed: speed}
		for _, path := range o.Paths {
			r, name, close, err := o.Input(path)
			if err != nil {
				yield(nil, err)
				return
			}
			for it, err := range t.file(r, name) {
				if !yield(it, err) {
					close()
					return
				}
			}
			close()
		}
		if t.left > 0 {
			o.Say("%d entries left out: not a POST with a JSON object", t.left)
		}
		if t.hidden > 0 {
			o.Say("%d secrets left out of headers and URLs: --keep-secrets keeps them", t.hidden)
		}
	}, nil
}

// file reads one file in the format that it looks to be in, or that was named.
func (t *trace) file(r io.Reader, name string) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		br := unmarked(r, 1<<20)
		head, err := br.Peek(1 << 20)
		if err != nil && err != io.EOF {
			yield(nil, fmt.Errorf("%s: %w", name, err))
			return
		}
		f, err := t.format(head)
		if err != nil {
			yield(nil, fmt.Errorf("%s: %w", name, err))
			return
		}
		if f.block > 0 {
			t.block = t.blockSize(name, f.block, head)
		}
		read := f.read
		if read == nil {
			read = t.lines(f)
		}
		read(t, br, name)(yield)
	}
}

func (t *trace) format(head []byte) (format, error) {
	head = bytes.TrimLeft(head, " \t\r\n")
	line, _, _ := bytes.Cut(head, []byte("\n"))
	var first gjson.Result
	if gjson.ValidBytes(line) {
		first = gjson.ParseBytes(line)
	} else if bytes.HasPrefix(line, []byte("{")) { // longer than what was looked at, or wrong
		first = gjson.ParseBytes(line)
	}
	for _, f := range formats() {
		if f.name == t.o.Format || t.o.Format == "" && f.looks(head, first) {
			return f, nil
		}
	}
	if len(head) == 0 {
		return format{read: func(*trace, io.Reader, string) iter.Seq2[*Item, error] { return func(func(*Item, error) bool) {} }}, nil
	}
	return format{}, fmt.Errorf("no format that is known: it begins with %.60q (--format names one of %s)", line, strings.Join(Formats(), ", "))
}

// lines reads a format of JSON lines.
func (t *trace) lines(f format) func(*trace, io.Reader, string) iter.Seq2[*Item, error] {
	return func(_ *trace, r io.Reader, name string) iter.Seq2[*Item, error] {
		return func(yield func(*Item, error) bool) {
			for line, err := range jsonl.Lines(r) {
				it, keep := &Item{}, true
				if err != nil {
					err = fmt.Errorf("%s: %w", name, err)
				} else if !gjson.ValidBytes(line.Bytes) || line.Bytes[0] != '{' {
					err = &jsonl.LineError{File: name, Line: line.N, Err: fmt.Errorf("not a JSON object: %.40q", line.Bytes)}
				} else if keep, err = f.line(t, gjson.ParseBytes(line.Bytes), it); err != nil {
					err, keep = &jsonl.LineError{File: name, Line: line.N, Err: err}, true
				}
				if !keep {
					t.left++
					continue
				}
				if !yield(it, err) {
					return
				}
				t.n++
			}
		}
	}
}

// at says when a request was sent, in ms of any clock that all of them share.
func (t *trace) at(it *Item, ms float64) {
	if t.startMs == nil {
		t.startMs = &ms
	}
	offset := roundMs((ms - *t.startMs) / t.speed)
	it.Line.AtMs = &offset
}

// roundMs keeps microseconds.
func roundMs(ms float64) float64 { return math.Round(ms*1000) / 1000 }
