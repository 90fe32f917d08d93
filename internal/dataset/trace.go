package dataset

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/tidwall/gjson"

	"perfpipe/internal/jsonl"
	"perfpipe/internal/sniff"
)

// format is one kind of captured log or trace: one of line and read is set, or both of tables.
type format struct {
	name string
	// tokens of the blocks that it has hashes of, unless the data says otherwise
	block int64
	looks func(s *sample) bool // whether a file seems to be one
	// makes an item of an object, or reports that it is none
	line func(t *trace, v gjson.Result, it *Item) (bool, error)
	read func(t *trace, r io.Reader, name string) iter.Seq2[*Item, error] // reads what is no list of objects
}

// formats is the table of them all. The first that looks right is taken.
func formats() []format {
	return []format{
		{name: "har", looks: looksHAR, read: readHAR},
		{name: "aiperf", looks: looksInputs, read: readInputs},
		{name: "azure", looks: hasColumns("TIMESTAMP", "ContextTokens"), line: rowItem(azureRow).line,
			read: csvTrace(azureRow, "TIMESTAMP", "ContextTokens", "GeneratedTokens")},
		{name: "burstgpt", looks: hasColumns("Timestamp", "Request tokens"), line: rowItem(burstRow).line,
			read: csvTrace(burstRow, "Timestamp", "Request tokens", "Response tokens")},
		{name: "litellm", looks: looksLiteLLM, line: litellmLine},
		{name: "bailian", looks: hasKeys("chat_id", "input_length", "hash_ids"), line: bailianLine, block: bailianBlock},
		{name: "records", looks: hasKeys("sent_us"), line: recordLine},
		{name: "access_log", looks: looksAccessLog, line: accessLine},
		{name: "workload_trace", looks: hasKeys("timestamp", "body"), line: workloadLine},
		{name: "mooncake", looks: looksMooncake, line: mooncakeLine, block: mooncakeBlock},
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

// trace is the reading of captured logs and traces.
type trace struct {
	capture
	texts    *texts   // made when a trace of lengths needs them
	text     []byte   // of the last prompt, whose memory the next one takes
	logLine  object   // the last line of an access log, likewise
	n        int64    // requests so far
	startMs  *float64 // when the first was
	lastMs   float64  // when the one before was, from the first
	backward bool     // some arrive before the one before them
	late     bool     // a log may have the ends of requests, and not how long they took
	images   int      // requests that had some
	epoch    bool     // the first timestamp counts from 1970
	mixed    bool     // some lines of the file do not say how long their answers are
	speed    float64
	block    int64 // tokens of a block with a hash
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
		t := newTrace(o, speed)
		for _, path := range o.Paths {
			in, err := o.open(path)
			if err != nil {
				yield(nil, err)
				return
			}
			for it, err := range t.file(in) {
				if !yield(it, err) {
					in.close()
					return
				}
			}
			in.close()
		}
		t.said()
	}, nil
}

func newTrace(o *Options, speed float64) *trace { return &trace{capture: capture{o: o}, speed: speed} }

// said reports what is not as one might think.
func (t *trace) said() {
	t.capture.said()
	if t.images > 0 {
		t.o.Say("images are not sent, and their tokens become text: requests that had some: %d", t.images)
	}
	if t.backward && !t.o.Sort {
		t.o.Say("some requests arrive before the one above them: --sort puts them in order, as perf-send --arrival trace " +
			"needs them")
	}
	t.images, t.backward = 0, false
}

// file reads one file in the format that it looks to be in, or that was named.
func (t *trace) file(in *dataFile) iter.Seq2[*Item, error] {
	s := in.sample()
	f, err := t.format(s)
	if err != nil {
		return func(yield func(*Item, error) bool) { yield(nil, fmt.Errorf("%s: %w", in.name, err)) }
	}
	return t.as(f, in, s)
}

// as reads a file in a format.
func (t *trace) as(f format, in *dataFile, s *sample) iter.Seq2[*Item, error] {
	t.late = false
	t.mixed = t.o.someLack(in.name, s, map[string]string{"mooncake": "output_length", "vllm": "output_tokens"}[f.name])
	if f.block > 0 {
		t.block = t.blockSize(in.name, f.block, s.objects)
	}
	switch {
	case f.line != nil && f.read != nil && s.header == nil:
		return t.objects(f.line, in)
	case f.read != nil && in.parquet:
		return func(yield func(*Item, error) bool) {
			yield(nil, fmt.Errorf("%s: a Parquet file, and not in the format %s", in.name, f.name))
		}
	case f.read != nil:
		return f.read(t, in, in.name)
	case f.name == "mooncake" && s.has("session_id", "delay"):
		return t.sessions(in)
	}
	return t.objects(f.line, in)
}

// someLack reports whether some objects, but not all, have the key that says how long the answer is. Then --max-tokens
// is for those that lack it.
func (o *Options) someLack(file string, s *sample, key string) bool {
	n := 0
	for _, v := range s.objects {
		if x := v.Get(key); x.Exists() && x.Type != gjson.Null {
			n++
		}
	}
	if key == "" || n == 0 || n == len(s.objects) {
		return false
	}
	o.Say("%s: some lines have no %s: --max-tokens is for them, and the others keep theirs", file, key)
	return true
}

// format tells the format of a sample. The one of an empty file has no entries.
func (t *trace) format(s *sample) (format, error) {
	for _, f := range formats() {
		if f.name == t.o.Format || t.o.Format == "" && f.looks(s) {
			return f, nil
		}
	}
	if len(s.head) == 0 && len(s.objects) == 0 {
		return format{line: requestLine}, nil
	}
	if end := bytes.LastIndexByte(s.head, '\n'); end >= 0 {
		if err := sniff.Text(s.head[:end]); err != nil {
			return format{}, err
		}
	}
	if columns := s.columns(); len(columns) > 0 && (s.objects != nil || len(columns) > 1) {
		return format{}, s.unknown()
	}
	if err := noPrompts(s.head); err != nil {
		return format{}, err
	}
	line, _, _ := bytes.Cut(s.head, []byte("\n"))
	return format{}, fmt.Errorf("no format that is known: it begins with %.60q (--format names one of %s)", line,
		strings.Join(Formats(), ", "))
}

// objects reads a format of JSON objects, or of rows.
func (t *trace) objects(line func(*trace, gjson.Result, *Item) (bool, error), in *dataFile) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		var one Item
		in.values(func(l fileLine, err error) bool {
			it, keep := &one, true
			*it = Item{}
			if err == nil && l.Bytes[0] != '{' {
				err = l.wrong(fmt.Errorf("not a JSON object: %.40q", l.Bytes))
			} else if err == nil {
				if keep, err = line(t, gjson.ParseBytes(l.Bytes), it); err != nil {
					err = l.wrong(err)
				}
			}
			return t.give(yield, it, keep, err)
		})
		if t.late {
			t.o.Say("%s: it does not say how long a request took, and its times may be those of the ends: then each arrives "+
				"too late by as much", in.name)
		}
	}
}

// give yields an item and counts it, unless it was left out.
func (t *trace) give(yield func(*Item, error) bool, it *Item, keep bool, err error) bool {
	if err == nil && !keep {
		return true
	}
	if !yield(it, err) {
		return false
	}
	t.n++
	return true
}

// at says when a request was sent, in ms of any clock that all of them share.
func (t *trace) at(it *Item, ms float64) {
	if t.startMs == nil {
		t.startMs = &ms
	}
	offset := roundMs((ms - *t.startMs) / t.speed)
	t.backward = t.backward || offset < t.lastMs
	t.lastMs = offset
	it.Line.AtMs = &offset
}

// entryError is an error about an entry of a document.
func entryError(l fileLine, n int, err error) error {
	return &jsonl.LineError{File: l.file, Line: l.N, Err: fmt.Errorf("entry %d: %w", n, err)}
}
