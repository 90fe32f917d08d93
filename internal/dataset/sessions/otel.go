package sessions

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"perfpipe/internal/api"
	"perfpipe/internal/fastjson"
)

// OTel reads spans of calls to a model by OpenTelemetry's GenAI conventions: OTLP in JSON, documents with a list of
// spans, as inference-perf and Exgentic write them, or one span a line.
//
// A document with a list of spans is a session. Other spans form one if they share a trace or a conversation. Spans do
// not say what a call waited for: a call waits for those whose output is in its input, and for the last call that had
// ended when it started.
type OTel struct {
	Recorded bool // send the recorded answers, instead of those of the server, as the history of later calls

	spans  []*span // of the current session, or of all that are not in documents
	failed int
	empty  int
	unseen int // calls without messages, but with a length
	other  int // calls by other conventions
}

// span is a call to a model.
type span struct {
	id, trace, talk string // own id, trace, conversation
	model           string
	start, end      float64 // ms since 1970
	in, out, cached int64
	limit           int64
	messages        []message
	answer          message
	tools           json.RawMessage
	params          []api.Param
	line            int
}

// Decode reads a document, an export request, or a span.
func (d *OTel) Decode(value []byte, line int) ([]*Session, error) {
	v := gjson.ParseBytes(value)
	if list := v.Get("resourceSpans"); list.Exists() {
		return nil, d.export(list, line)
	}
	list := v.Get("spans")
	if !list.Exists() {
		s, err := d.span(v, line)
		if s != nil {
			d.spans = append(d.spans, s)
		}
		return nil, err
	}
	if !list.IsArray() {
		return nil, errors.New("spans is not a list")
	}
	var own []*span
	for k, one := range list.Array() {
		s, err := d.span(one, line)
		if err != nil {
			return nil, fmt.Errorf("spans[%d]: %w", k, err)
		}
		if s != nil {
			own = append(own, s)
		}
	}
	if len(own) == 0 {
		return nil, nil
	}
	id := cmp.Or(v.Get("session_id").String(), v.Get("trace_id").String(), own[0].trace)
	return []*Session{d.session(id, own)}, nil
}

// export reads the body of an export request of OTLP.
func (d *OTel) export(list gjson.Result, line int) error {
	for i, resource := range list.Array() {
		for k, scope := range resource.Get("scopeSpans").Array() {
			for n, one := range scope.Get("spans").Array() {
				s, err := d.span(one, line)
				if err != nil {
					return fmt.Errorf("resourceSpans[%d].scopeSpans[%d].spans[%d]: %w", i, k, n, err)
				}
				if s != nil {
					d.spans = append(d.spans, s)
				}
			}
		}
	}
	return nil
}

// span reads a span; it is nil unless it is a call to a model that succeeded.
func (d *OTel) span(v gjson.Result, line int) (*span, error) {
	a := attributes(v.Get("attributes"))
	if len(a) == 0 {
		a = attributeColumns(v)
	}
	openInference(a)
	switch op := a["gen_ai.operation.name"].String(); op {
	case "chat", "text_completion", "generate_content":
	default:
		if name := v.Get("name").Str; !strings.HasPrefix(name, "chat ") && v.Get("type").Str != "llm_call" &&
			a["llm.request.type"].Str != "chat" { // of OpenLLMetry, before there was an operation
			if otherConvention(a) {
				d.other++
			}
			return nil, nil
		}
	}
	switch code := v.Get("status.code"); {
	case code.Type == gjson.Number && code.Num == 2, strings.HasSuffix(code.Str, "ERROR"),
		v.Get("status_code").Str == "ERROR":
		d.failed++
		return nil, nil
	}
	s := &span{line: line, in: Unknown, out: Unknown,
		id:    firstOf(v, "spanId", "span_id", "context.span_id", `context\.span_id`).String(),
		trace: firstOf(v, "traceId", "trace_id", "context.trace_id", `context\.trace_id`).String(),
		talk:  a["gen_ai.conversation.id"].String(), model: a["gen_ai.request.model"].String()}
	var ok bool
	if s.start, ok = instant(v, "startTimeUnixNano", "start_time"); !ok {
		return nil, errors.New("a call without its start time")
	}
	if s.end, ok = instant(v, "endTimeUnixNano", "end_time"); !ok || s.end < s.start {
		s.end = s.start
	}
	if err := s.counts(a); err != nil {
		return nil, err
	}
	s.params = requested(a)
	collect(a, v.Get("events"))
	if err := s.content(a); err != nil {
		return nil, err
	}
	if len(s.messages) == 0 {
		if s.in <= 0 {
			d.empty++
			return nil, nil
		}
		d.unseen++
	}
	return s, checkTokens(max(0, s.in), s.out)
}

// counts reads the numbers of tokens of a call.
func (s *span) counts(a map[string]gjson.Result) error {
	for _, f := range []struct {
		to   *int64
		keys []string
	}{
		{&s.in, []string{"gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"}},
		{&s.out, []string{"gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"}},
		{&s.cached, []string{"gen_ai.usage.cache_read.input_tokens"}},
		{&s.limit, []string{"gen_ai.request.max_tokens"}},
	} {
		for _, key := range f.keys {
			if n, ok := a[key]; ok && n.Type != gjson.Null {
				tokens, err := count(n)
				if err != nil {
					return fmt.Errorf("%s: %w", key, err)
				}
				*f.to = tokens
				break
			}
		}
	}
	return nil
}

// requested returns the sampling parameters of a call.
func requested(a map[string]gjson.Result) (params []api.Param) {
	for _, p := range []struct{ attribute, key string }{
		{"temperature", "temperature"}, {"top_p", "top_p"}, {"top_k", "top_k"}, {"seed", "seed"}, {"choice.count", "n"},
		{"frequency_penalty", "frequency_penalty"}, {"presence_penalty", "presence_penalty"}, {"stop_sequences", "stop"},
	} {
		v := a["gen_ai.request."+p.attribute]
		if v.Type == gjson.String { // integers in OTLP's JSON are
			v = gjson.Parse(v.Str)
		}
		if v.Type == gjson.Number || v.IsArray() && len(v.Array()) > 0 {
			params = append(params, api.Param{Key: p.key, Value: json.RawMessage(v.Raw)})
		}
	}
	return params
}

// otherConvention reports whether a span is a call to a model other than a chat, by the conventions that OpenLLMetry
// used before there were common ones.
func otherConvention(a map[string]gjson.Result) bool {
	return a["llm.request.type"].Exists() || a["gen_ai.prompt.0.content"].Exists()
}

// content reads the messages and the tools of a call.
func (s *span) content(a map[string]gjson.Result) (err error) {
	if s.messages, err = readMessages(a["gen_ai.system_instructions"], "system"); err != nil {
		return fmt.Errorf("gen_ai.system_instructions: %w", err)
	}
	input, err := readMessages(a["gen_ai.input.messages"], "user")
	if err != nil {
		return fmt.Errorf("gen_ai.input.messages: %w", err)
	}
	if len(input) == 0 {
		s.messages = nil
		return nil
	}
	s.messages = append(s.messages, input...)
	output, err := readMessages(a["gen_ai.output.messages"], "assistant")
	if err != nil {
		return fmt.Errorf("gen_ai.output.messages: %w", err)
	}
	for _, m := range output {
		if m.role == "assistant" {
			s.answer = m
			break
		}
	}
	if len(output) == 0 {
		s.answer = message{role: "assistant", text: a["gen_ai.output.text"].String()}
	}
	s.tools, err = toolDefinitions(a["gen_ai.tool.definitions"])
	return err
}

// firstOf returns the first member that exists.
func firstOf(v gjson.Result, paths ...string) (m gjson.Result) {
	for _, p := range paths {
		if m = v.Get(p); m.Exists() && m.Type != gjson.Null {
			return m
		}
	}
	return m
}

// instant returns a time in ms since 1970: nanoseconds in one member, or text in another.
func instant(v gjson.Result, nanos, text string) (float64, bool) {
	if n := v.Get(nanos); n.Exists() {
		return nanosMs(n)
	}
	return timeMs(v.Get(text))
}

// attributes returns the attributes of a span: an object, or OTLP's list of keys and typed values.
func attributes(v gjson.Result) map[string]gjson.Result {
	all := map[string]gjson.Result{}
	if v.IsObject() {
		return v.Map()
	}
	for _, a := range v.Array() {
		all[a.Get("key").Str] = gjson.ParseBytes(appendPlain(nil, a.Get("value"), 0))
	}
	return all
}

// attributeColumns returns the attributes of a span that is a row of a table, in which each is a column.
func attributeColumns(row gjson.Result) map[string]gjson.Result {
	all := map[string]gjson.Result{}
	row.ForEach(func(key, v gjson.Result) bool {
		if name, ok := strings.CutPrefix(key.Str, "attributes."); ok {
			all[name] = v
		}
		return true
	})
	return all
}

// maxDepth limits the nesting of values.
const maxDepth = 64

// appendPlain appends a typed value of OTLP as plain JSON.
func appendPlain(dst []byte, v gjson.Result, depth int) []byte {
	kind, value := "", gjson.Result{}
	v.ForEach(func(k, x gjson.Result) bool {
		kind, value = k.Str, x
		return false
	})
	if depth > maxDepth {
		return append(dst, "null"...)
	}
	switch kind {
	case "stringValue", "bytesValue":
		return fastjson.AppendString(dst, value.String())
	case "boolValue":
		return strconv.AppendBool(dst, value.Bool())
	case "intValue", "doubleValue":
		if f := value.Float(); kind == "doubleValue" || math.Abs(f) > 1<<53 {
			if math.IsNaN(f) || math.IsInf(f, 0) {
				return append(dst, "null"...)
			}
			return strconv.AppendFloat(dst, f, 'g', -1, 64)
		}
		return strconv.AppendInt(dst, value.Int(), 10)
	case "arrayValue":
		dst = append(dst, '[')
		for k, e := range value.Get("values").Array() {
			if k > 0 {
				dst = append(dst, ',')
			}
			dst = appendPlain(dst, e, depth+1)
		}
		return append(dst, ']')
	case "kvlistValue":
		dst = append(dst, '{')
		for k, e := range value.Get("values").Array() {
			if k > 0 {
				dst = append(dst, ',')
			}
			dst = append(fastjson.AppendString(dst, e.Get("key").String()), ':')
			dst = appendPlain(dst, e.Get("value"), depth+1)
		}
		return append(dst, '}')
	}
	return append(dst, "null"...)
}

// End returns the sessions of spans that are not in documents.
func (d *OTel) End() iter.Seq2[*Session, error] {
	return func(yield func(*Session, error) bool) {
		group := map[string]string{} // traces and conversations, to the one that names the session
		find := func(key string) string {
			for group[key] != "" && group[key] != key {
				key = group[key]
			}
			return key
		}
		for _, s := range d.spans {
			if s.talk == "" {
				continue
			}
			a, b := find("t"+s.trace), find("c"+s.talk)
			if a != b {
				group[max(a, b)] = min(a, b) // a conversation rather than a trace
			}
		}
		var sessions groups[*span]
		for _, s := range d.spans {
			sessions.add(find("t"+s.trace), s)
		}
		d.spans = nil
		for _, key := range sessions.keys {
			if !yield(d.session(key[1:], sessions.of[key]), nil) {
				return
			}
		}
	}
}

// Notes returns what was left out.
func (d *OTel) Notes() map[string]int {
	return map[string]int{
		"calls that failed, left out: %d": d.failed,
		"calls without messages or token counts, left out: %d: instrumentations capture content only if told to": d.empty,
		"calls without messages become text of the recorded lengths: %d":                                         d.unseen,
		"calls by other conventions than those of gen_ai.input.messages, left out: %d":                           d.other,
	}
}

// unique removes spans that were exported twice: by the same id, or with the same times and messages.
func unique(spans []*span) []*span {
	seen := map[string]bool{}
	return slices.DeleteFunc(spans, func(s *span) bool {
		key := fmt.Sprint(s.start, " ", s.end, " ", s.in, " ", s.out, " ", string(encode(s.messages)))
		twice := seen[key] || s.id != "" && seen["id "+s.id]
		seen[key] = true
		seen["id "+s.id] = true
		return twice
	})
}
