package dataset

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"perfpipe/internal/dataset/sessions"
	"perfpipe/internal/fault"
	"perfpipe/internal/sniff"
)

// format is one format of captured logs or traces. line or read is set, or both for tables.
type format struct {
	name string
	// default number of tokens per hashed block
	block int64
	looks func(s *sample) bool // reports whether a file is in this format
	// converts an object, or reports that it contains no request
	line func(t *trace, v gjson.Result, it *Item) (bool, error)
	read func(t *trace, r io.Reader, name string) iter.Seq2[*Item, error] // reads a file that is not a list of objects
	// decodes objects to sessions, instead of line; of a format that has both, only files with sessions
	sessions func(o *Options) (sessions.Decoder, error)
}

// formats is the table of all formats. The first one that matches is used.
func formats() []format {
	return []format{
		{name: "har", looks: looksHAR, read: readHAR},
		{name: "aiperf", looks: looksInputs, read: readInputs},
		{name: "azure", looks: hasColumns("TIMESTAMP", "ContextTokens"), line: rowItem(azureRow).line,
			read: csvTrace(azureRow, "TIMESTAMP", "ContextTokens", "GeneratedTokens")},
		{name: "burstgpt", looks: hasColumns("Timestamp", "Request tokens"), line: rowItem(burstRow).line,
			read: csvTrace(burstRow, "Timestamp", "Request tokens", "Response tokens")},
		{name: "weka", looks: looksWeka, sessions: weka},
		{name: "dynamo", looks: looksDynamo, sessions: dynamo},
		{name: "tracelab", looks: looksTraceLab, sessions: traceLab},
		{name: "dag", looks: looksDAG, sessions: dag},
		{name: "production_stack", looks: hasColumns("user_id", "question_id", "launch_time", "prompt_tokens"),
			sessions: productionStack},
		{name: "baseten", looks: hasColumns("timestamp_start_unix_ms", "prompt", "output_tokens"), sessions: baseten},
		{name: "sagemaker", looks: hasKeys("captureData", "eventMetadata"), line: sageMakerLine},
		{name: "sglang", looks: hasKeys("event", "rid", "obj"), line: sglangLine},
		{name: "otel", looks: looksOTel, sessions: otel},
		{name: "litellm", looks: looksLiteLLM, line: litellmLine},
		{name: "bailian", looks: hasKeys("chat_id", "input_length", "hash_ids"), line: bailianLine, block: bailianBlock},
		{name: "records", looks: hasKeys("sent_us"), line: recordLine},
		{name: "access_log", looks: looksAccessLog, line: accessLine},
		{name: "workload_trace", looks: hasKeys("timestamp", "body"), line: workloadLine},
		{name: "mooncake", looks: looksMooncake, line: mooncakeLine, sessions: mooncake, block: mooncakeBlock},
		{name: "vegeta", looks: looksVegeta, line: vegetaLine},
		{name: "vllm", looks: hasKeys("prompt", "output_tokens"), line: vllmLine},
		{name: "requests", looks: looksRequest, line: requestLine},
	}
}

// Formats returns the names of the formats of captured logs and traces.
func Formats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// trace reads captured logs and traces.
type trace struct {
	capture
	texts    *texts   // created for the first prompt of a given length
	text     []byte   // buffer of the current prompt
	logLine  object   // members of the current line of an access log
	n        int64    // number of requests so far
	startMs  *float64 // arrival of the first request
	lastMs   float64  // arrival of the previous request, from the first
	backward bool     // some arrivals decrease
	timed    bool     // some requests have an arrival
	timeless int      // requests of no session without one
	late     bool     // times may be those of the ends, and durations are unknown
	images   int      // number of requests with images
	epoch    bool     // timestamps count from 1970
	mixed    bool     // some lines of the file lack the output length
	speed    float64
	block    int64          // tokens per hashed block
	notes    map[string]int // of decoders, with their numbers
	// longest prompt and answer together of the calls of a session, in tokens; 0: any
	maxContext int
	// sessions to read, in each pass; 0: all
	maxSessions, sessions int
}

// traces reads logs and traces, each file in its own format.
func traces(ctx context.Context, o *Options) (items, error) {
	if len(o.Paths) == 0 {
		return nil, errNoFile
	}
	speed, err := o.arg("speed", 1)
	if err != nil {
		return nil, err
	}
	maxContext, err := o.wholeArg("max_context", 0)
	if err != nil {
		return nil, err
	}
	maxSessions, err := o.wholeArg("max_sessions", 0)
	if err != nil {
		return nil, err
	}
	paths, err := o.traceFiles(ctx)
	if err != nil {
		return nil, err
	}
	return func(yield func(*Item, error) bool) {
		t := newTrace(o, speed)
		t.maxContext, t.maxSessions = maxContext, maxSessions
		whole := eachFile(o, paths, yield, func(in *dataFile) bool {
			for it, err := range t.file(in) {
				if !yield(it, err) {
					return false
				}
			}
			return true
		})
		if whole {
			t.report()
		}
	}, nil
}

func newTrace(o *Options, speed float64) *trace {
	return &trace{capture: capture{o: o}, speed: speed, notes: map[string]int{}}
}

// report logs what may be unexpected.
func (t *trace) report() {
	t.capture.report()
	if t.images > 0 {
		t.o.say("images are not sent, and their tokens become text: requests that had some: %d", t.images)
	}
	if t.backward && t.o.Sort != byArrival {
		t.o.Tell("", "backward", "some requests arrive before the one above them")
	}
	if t.timed {
		t.notes["requests without a time, which a replay at the recorded times needs of all: %d"] = t.timeless
	}
	for _, note := range slices.Sorted(maps.Keys(t.notes)) {
		t.o.once(note, t.notes[note])
	}
	t.images, t.backward, t.timed, t.timeless = 0, false, false, 0
	clear(t.notes)
}

// file reads a file in the format that is named or detected.
func (t *trace) file(in *dataFile) iter.Seq2[*Item, error] {
	s := in.sample()
	f, err := t.format(s)
	if err != nil && in.broken != nil { // the format can only be told from the whole
		err = in.broken
	}
	if err != nil {
		return func(yield func(*Item, error) bool) { yield(nil, fmt.Errorf("%s: %w", in.name, err)) }
	}
	return t.as(f, in, s)
}

// as reads a file in the format f.
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
	case f.sessions != nil && (f.line == nil || inSessions(s)):
		d, err := f.sessions(t.o)
		if err != nil {
			return func(yield func(*Item, error) bool) { yield(nil, err) }
		}
		return t.graphs(d, in, s)
	}
	return t.objects(f.line, in)
}

// someLack reports whether some objects, but not all, have the output length. Then the flags' maximum of output tokens
// applies to those that lack it.
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
	o.Tell("max-tokens", "", "applies to the lines of %s without %s; the others keep theirs", file, key)
	return true
}

// format returns the format of a sample. That of an empty file has no entries.
func (t *trace) format(s *sample) (format, error) {
	for _, f := range formats() {
		if f.name == t.o.Format && !(s.texts && f.name == "requests") || t.o.Format == "" && f.looks(s) {
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
	if err := noPrompts(s.head); err != nil {
		return format{}, err
	}
	if columns := s.columns(); len(columns) > 0 && (s.objects != nil || len(columns) > 1) {
		return format{}, s.unknown()
	}
	line, _, _ := bytes.Cut(s.head, []byte("\n"))
	return format{}, fault.Because("", "format", strings.Join(Formats(), ", "),
		"no format that is known: it begins with %.60q", line)
}

// objects reads a format of JSON objects or rows.
func (t *trace) objects(line func(*trace, gjson.Result, *Item) (bool, error), in *dataFile) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		var one Item
		in.values(func(l fileLine, err error) bool {
			it, keep := &one, true
			*it = Item{Place: l.place()}
			if err == nil && l.Bytes[0] != '{' {
				err = l.wrong(fmt.Errorf("not a JSON object: %.40q", l.Bytes))
			} else if err == nil {
				if keep, err = line(t, gjson.ParseBytes(l.Bytes), it); err != nil {
					err = l.wrong(err)
				}
			}
			return t.emit(yield, it, keep, err)
		})
		if t.late {
			t.o.say("%s: it does not say how long a request took, and its times may be those of the ends: then each arrives "+
				"too late by as much", in.name)
		}
	}
}

// emit yields an item and counts it, unless it is dropped.
func (t *trace) emit(yield func(*Item, error) bool, it *Item, keep bool, err error) bool {
	if err == nil && !keep {
		return true
	}
	if err == nil && it.Line.AtMs != nil {
		t.timed = true
	} else if err == nil && it.Line.Session == "" {
		t.timeless++
	}
	if !yield(it, err) {
		return false
	}
	t.n++
	return true
}

// at sets the arrival of a request, in ms of a clock that all requests of the trace share.
func (t *trace) at(it *Item, ms float64) {
	if t.startMs == nil {
		t.startMs = &ms
	}
	offset := roundMs((ms - *t.startMs) / t.speed)
	t.backward = t.backward || offset < t.lastMs
	t.lastMs = offset
	it.Line.AtMs = &offset
}

// entryError names the entry of a document in an error.
func entryError(l fileLine, n int, err error) error {
	return l.wrong(fmt.Errorf("entry %d: %w", n, err))
}
