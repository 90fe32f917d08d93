package dataset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/dataset/body"
	"perfpipe/internal/dataset/sessions"
	"perfpipe/internal/dataset/synth"
	"perfpipe/internal/jsonl"
	"perfpipe/internal/request"
	"perfpipe/internal/tabular"
)

// graphs reads a trace of sessions.
func (t *trace) graphs(d sessions.Decoder, in *dataFile, s *sample) iter.Seq2[*Item, error] {
	in.table = s.header != nil && s.objects == nil
	return func(yield func(*Item, error) bool) {
		more := in.values(func(l fileLine, err error) bool {
			if err != nil {
				return yield(nil, err)
			}
			if l.Bytes[0] != '{' {
				return yield(nil, l.wrong(fmt.Errorf("not a JSON object: %.40q", l.Bytes)))
			}
			all, err := d.Decode(l.Bytes, l.N)
			if err != nil {
				return yield(nil, l.wrong(err))
			}
			for _, s := range all {
				if !t.graph(yield, in.name, s) {
					return false
				}
			}
			return true
		})
		if !more {
			return
		}
		for s, err := range d.End() {
			if err != nil {
				if !yield(nil, inFile(in.name, err)) {
					return
				}
				continue
			}
			if !t.graph(yield, in.name, s) {
				return
			}
		}
		for note, n := range d.Notes() {
			t.notes[note] += n
		}
	}
}

// traceFiles returns the files of a trace: those that the user names, those of a folder, or the traces.jsonl of a
// repository of a hub.
func (o *Options) traceFiles(ctx context.Context) (all []string, err error) {
	for _, path := range o.Paths {
		files := []string{path}
		info, err := os.Stat(path)
		switch {
		case path == "-":
		case err == nil && info.IsDir(), err != nil && isRepository(path):
			if files, err = o.named(ctx, path, []string{"traces.jsonl"}); err != nil {
				return nil, err
			}
		}
		all = append(all, files...)
	}
	return all, nil
}

// isRepository reports whether a path that does not exist names a repository of a hub, rather than a file.
func isRepository(path string) bool {
	ext := filepath.Ext(path)
	return repository.MatchString(path) && !tabular.Supported(path) && !slices.Contains([]string{".log", ".har", ".txt",
		".gz", ".zst"}, ext)
}

// repository matches the name of a hub's repository.
var repository = regexp.MustCompile(`^[\w-][\w.-]*/[\w.-]*[\w-]$`)

// inFile names the file in an error of a decoder.
func inFile(name string, err error) error {
	if line, ok := errors.AsType[*sessions.LineError](err); ok {
		return &jsonl.LineError{File: name, Line: line.Line, Err: line.Err}
	}
	return fmt.Errorf("%s: %w", name, err)
}

// graph yields the calls of a session and reports whether to go on.
func (t *trace) graph(yield func(*Item, error) bool, file string, s *sessions.Session) bool {
	if t.maxSessions > 0 && t.sessions == t.maxSessions {
		return true
	}
	if len(s.Calls) < t.o.MinTurns {
		t.skip(fmt.Sprintf("a session of fewer than %d calls", t.o.MinTurns))
		return true
	}
	if n := t.o.MaxTurns; n > 0 && len(s.Calls) > n {
		s.Calls = s.Calls[:n]
	}
	if limit := int64(t.maxContext); limit > 0 && slices.ContainsFunc(s.Calls, func(c sessions.Call) bool {
		return c.In+max(c.Out, 0) > limit
	}) {
		t.skip("a session with a call of more tokens than max_context")
		return true
	}
	t.sessions++
	id := s.ID
	if alone := id == "" && len(s.Calls) == 1; !alone {
		if t.o.sessionIDs[s.ID]++; t.o.sessionIDs[s.ID] > 1 || id == "" {
			id += "#" + strconv.Itoa(t.o.sessionIDs[s.ID])
		}
	}
	for k := range s.Calls {
		it := &Item{Place: body.Place{File: file, N: s.Calls[k].Line}}
		t.place(it, s, k, id)
		err := t.call(it, &s.Calls[k], id)
		if err != nil {
			err = it.Place.Wrong(fmt.Errorf("call %s: %w", s.Calls[k].ID, err))
		}
		if !t.emit(yield, it, true, err) {
			return false
		}
	}
	return true
}

// place sets the place of call k in its session, whose name is id.
func (t *trace) place(it *Item, s *sessions.Session, k int, id string) {
	c := &s.Calls[k]
	if k == 0 && s.AtMs != nil {
		t.at(it, *s.AtMs)
	}
	if id == "" { // a request on its own
		return
	}
	name := func(k int) string { return id + "/" + s.Calls[k].ID }
	it.Line.ID, it.Line.Session, it.Line.DelayMs = name(k), id, roundMs(c.DelayMs/t.speed)
	for _, a := range c.After {
		it.Line.After = append(it.Line.After, name(a))
	}
	if c.History >= 0 {
		it.Line.History = name(c.History)
	}
	for key, value := range map[string]string{request.AgentLabel: c.Agent, "model": c.Model} {
		if value != "" {
			t.label(it, key, value)
		}
	}
}

// call sets what a call sends.
func (t *trace) call(it *Item, c *sessions.Call, session string) (err error) {
	it.Length = t.mixed
	it.Own = append(it.Own, c.Params...)
	if c.Out >= 0 {
		it.Own = append(it.Own, ownMaxTokens(int(max(1, c.Out)))...)
		if !c.Limit {
			it.Own = append(it.Own, api.Param{Key: "ignore_eos", Value: json.RawMessage("true")})
		}
	}
	switch {
	case c.Body != nil:
		it.Bare = true
		it.Body, err = t.clean(c.Body)
		return err
	case c.Messages != nil:
		it.In = &api.Input{Messages: c.Messages}
		return nil
	case c.Prompt != nil:
		_, err = (&prompts{o: &Options{Tokenizer: t.o.Tokenizer, TokenIDs: t.o.TokenIDs}}).put(it, *c.Prompt)
		return err
	}
	return t.blocks(it, c, session)
}

// blocks generates a prompt of c.In tokens, in which equal blocks are equal text.
func (t *trace) blocks(it *Item, c *sessions.Call, session string) (err error) {
	in := max(1, c.In)
	if in > maxPromptTokens {
		return fmt.Errorf("a prompt of %d tokens", in)
	}
	if t.texts == nil {
		if t.texts, err = newTexts(t.o.unprefixed()); err != nil {
			return err
		}
	}
	it.Tokens = int(in)
	text, joined := t.texts.open(t.text[:0]), false
	scope, of, size := "", uint64(0), cmp.Or(c.Size, t.block)
	for _, b := range c.Blocks {
		if in <= 0 {
			break
		}
		if b.Scope != scope {
			scope, of = b.Scope, xxhash.Sum64String(b.Scope)
		}
		r := synth.NewRand(t.o.Seed, drawBlock, of, b.ID)
		if scope == "" {
			r = blockID{b.ID}.rand(t.o.Seed) // as in traces without sessions
		}
		if text, err = t.texts.part(text, r, int(min(in, size)), joined); err != nil {
			return err
		}
		in, joined = in-size, true
	}
	if in > 0 {
		r := synth.NewRand(t.o.Seed, drawText, xxhash.Sum64String(session), xxhash.Sum64String(c.ID))
		if text, err = t.texts.part(text, r, int(in), joined); err != nil {
			return err
		}
	}
	t.text = t.texts.close(text)
	it.Text = t.text
	return nil
}

func dynamo(*Options) (sessions.Decoder, error) { return &sessions.Dynamo{}, nil }

func weka(*Options) (sessions.Decoder, error) { return &sessions.Weka{}, nil }

func traceLab(o *Options) (sessions.Decoder, error) {
	return &sessions.TraceLab{Size: int64(o.BlockSize)}, nil
}

func otel(o *Options) (sessions.Decoder, error) {
	live, err := o.liveHistory()
	return &sessions.OTel{Recorded: !live}, err
}

func dag(o *Options) (sessions.Decoder, error) { return &sessions.DAG{Seed: o.Seed}, nil }

func productionStack(*Options) (sessions.Decoder, error) {
	return &sessions.Rounds{Row: sessions.ProductionStack}, nil
}

func baseten(*Options) (sessions.Decoder, error) { return &sessions.Rounds{Row: sessions.Baseten}, nil }

// liveHistory reports whether the server's own answers are the history of later calls, rather than the recorded ones.
func (o *Options) liveHistory() (bool, error) {
	h := gjson.GetBytes(o.Args, "history")
	switch h.String() {
	case "", "live":
		return true, nil
	case "recorded":
		return false, nil
	}
	return false, wrongArg("history %s is neither live nor recorded", h.Raw)
}

// looksWeka detects a trace of Weka, also if its first object is longer than the sample.
func looksWeka(s *sample) bool {
	if len(s.objects) > 0 && s.has("requests") && hasAny(s.objects[0], "block_size", "hash_id_scope") {
		return true
	}
	return len(s.head) > 0 && s.head[0] == '{' && containsAll(s.head, `"requests"`, `"hash_ids"`, `"block_size"`)
}

// looksTraceLab detects rounds of TraceLab, or the rows of its replay.
func looksTraceLab(s *sample) bool {
	return s.has("session_id", "prefix_tokens", "newly_append_tokens") || hasColumns("round_idx", "prefix_len")(s)
}

// looksDynamo detects events of a request trace, also within the object of older files.
func looksDynamo(s *sample) bool {
	return slices.ContainsFunc(s.objects, func(v gjson.Result) bool {
		if e := v.Get("event"); e.IsObject() {
			v = e
		}
		schema := v.Get("schema").Str
		return v.Get("event_type").Exists() && (strings.HasPrefix(schema, "dynamo.request.trace.") ||
			strings.HasPrefix(schema, "dynamo.agent.trace.") || v.Get("request.request_id").Exists())
	})
}

// looksDAG detects conversations that fork and spawn, or at least aiperf's turns with messages.
func looksDAG(s *sample) bool {
	for _, v := range s.objects {
		if v.Get("session_id").Exists() && (v.Get("turns.0.messages").IsArray() || v.Get("orchestrator").Exists()) {
			return true
		}
	}
	return false
}

// looksOTel detects spans, also if the first object is longer than the sample.
func looksOTel(s *sample) bool {
	if s.has("resourceSpans") {
		return true
	}
	for _, v := range s.objects {
		if v.Get("attributes").Exists() && hasAny(v, "spanId", "span_id", "context.span_id") ||
			hasAny(v, `context\.span_id`) && hasAny(v, `attributes\.openinference\.span\.kind`) {
			return true
		}
	}
	return len(s.head) > 0 && s.head[0] == '{' && (containsAll(s.head, `"spans"`, `"attributes"`) ||
		containsAll(s.head, `"resourceSpans"`, `"scopeSpans"`))
}
