package api

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-json"
	"github.com/itchyny/gojq"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"perfpipe/internal/fault"
	"perfpipe/internal/jsonl"
)

// spec is an API specification. docs/apis.md describes its keys.
type spec struct {
	Name          string            `json:"name"`
	Op            string            `json:"op"`
	Method        string            `json:"method"`
	Path          string            `json:"path"`
	Headers       map[string]string `json:"headers"`
	StreamHeaders map[string]string `json:"stream_headers"`
	KeyHeader     string            `json:"key_header"`
	Framing       string            `json:"framing"`

	Body   json.RawMessage   `json:"body"`
	Input  map[string]string `json:"input"`  // kind of input → path in the body
	Params map[string]string `json:"params"` // parameter → path in the body

	Read       map[string]string `json:"read"` // what → jq
	Done       string            `json:"done"`
	Cumulative bool              `json:"cumulative"`
}

var framings = map[string]Framing{"sse": Events, "lines": JSONLines}

// itemsOf has the items of operations whose answers are not text.
var itemsOf = map[string]itemPaths{embedding.Op: embedded, rerank.Op: ranked, score.Op: scored}

var inputKeys = []string{"messages", "text", "tokens", "texts", "query", "documents"}

var readKeys = []string{
	"text", "reasoning", "tool", "finish", "model", "items", "prompt_tokens", "completion_tokens", "cached_tokens",
	"reasoning_tokens", "error", "success", "done",
	"server_queue_ms", "server_load_ms", "server_prefill_ms", "server_ttft_ms", "server_decode_ms", "server_itl_ms",
	"server_total_ms", "gateway_ms", "draft_tokens", "accepted_tokens",
}

// Custom is the name of a dialect that a file describes.
const Custom = "custom"

// Choose checks the name of a dialect, and returns the one that the specification in file describes, or nil if file is
// empty. The name may be empty. An error is a *fault.Error about api or api-spec.
func Choose(name, file string) (*Dialect, error) {
	switch known := slices.Contains(Names(), name); {
	case name == Custom && file == "":
		return nil, fault.Invalid("api custom", "api-spec", "needs a specification")
	case name != "" && name != Custom && !known:
		return nil, &fault.Error{Code: fault.CodeUsage, Setting: "api", Err: fmt.Errorf("%q is not known", name),
			Hint: "there are " + strings.Join(Names(), ", ") + ", and " + Custom}
	case known && file != "":
		return nil, fault.Invalid("api-spec", "api-spec", "describes the API %s, not %s", Custom, name)
	case file == "":
		return nil, nil
	}
	return readSpec(file)
}

// readSpec reads the specification in a file.
func readSpec(file string) (*Dialect, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.Invalid("api-spec", "api-spec", "%w", err)
	}
	d, err := ParseSpec(data)
	if err != nil {
		return nil, fault.Invalid("api-spec "+file, "api-spec", "%w", err)
	}
	return &d, nil
}

// ParseSpec returns the dialect that a specification describes. Its Name is the specification's, or custom.
func ParseSpec(data []byte) (Dialect, error) {
	var s spec
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return Dialect{}, fmt.Errorf("not an API specification: %w", jsonl.Reason(err))
	}
	if err := s.check(); err != nil {
		return Dialect{}, err
	}
	path, query, _ := strings.Cut(s.Path, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return Dialect{}, fmt.Errorf("path: %w", err)
	}
	jq, err := compile(s.Read)
	if err != nil {
		return Dialect{}, err
	}
	d := Dialect{
		Name: s.Name, Op: s.Op, Path: path, Query: values, Method: s.Method, Headers: s.Headers,
		StreamHeaders: s.StreamHeaders, KeyHeader: s.KeyHeader, Framing: framings[s.Framing], input: s.input,
		Ending:   "what read.finish or read.done tells",
		NoFinish: s.Read["finish"] == "" && s.Read["done"] == "",
		read:     func(v value) Event { return (&customReader{spec: &s, jq: jq}).read(v) }, ownErrors: true, done: s.Done,
		streamKey: s.Params["stream"], probe: s.probe, items: itemsOf[s.Op], times: anyTimes,
	}
	if s.Cumulative {
		d.grows = true
		d.reader = func() func(value) Event { return (&customReader{spec: &s, jq: jq}).read }
	}
	if s.Params != nil {
		d.NoModel = s.Params["model"] == ""
		d.place = places(s.Params)
	}
	return d, nil
}

func (s *spec) check() error {
	defaults := []struct {
		field *string
		value string
	}{{&s.Name, "custom"}, {&s.Op, "generate"}, {&s.Framing, "sse"}, {&s.Done, "[DONE]"}}
	for _, d := range defaults {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if s.Body == nil {
		s.Body = json.RawMessage("{}")
	}
	switch {
	case !strings.HasPrefix(s.Path, "/"):
		return fmt.Errorf("path is %q, and has to begin with /", s.Path)
	case s.Framing != "sse" && s.Framing != "lines":
		return fmt.Errorf("framing is %q; there are sse and lines", s.Framing)
	case !gjson.ParseBytes(s.Body).IsObject():
		return errors.New("body is not an object")
	case s.Read["text"] == "" && s.Read["items"] == "":
		return errors.New("read has neither text nor items: there is no telling an answer")
	}
	if err := known("input", s.Input, inputKeys); err != nil {
		return err
	}
	if (s.Input["query"] == "") != (s.Input["documents"] == "") {
		return errors.New("input has query without documents, or documents without query")
	}
	return known("read", s.Read, readKeys)
}

func known(where string, table map[string]string, keys []string) error {
	for k := range table {
		if !strings.Contains(" "+strings.Join(keys, " ")+" ", " "+k+" ") {
			return fmt.Errorf("%s.%s is not known; there are %s", where, k, strings.Join(keys, ", "))
		}
	}
	return nil
}

func compile(read map[string]string) (map[string]*gojq.Code, error) {
	codes := map[string]*gojq.Code{}
	for what, src := range read {
		q, err := gojq.Parse(src)
		if err != nil {
			return nil, fmt.Errorf("read.%s: %w: %s", what, err, src)
		}
		if codes[what], err = gojq.Compile(q); err != nil {
			return nil, fmt.Errorf("read.%s: %w: %s", what, err, src)
		}
	}
	return codes, nil
}

func (s *spec) input(in Input) (object, error) {
	values := map[string]any{
		"messages": in.Messages, "text": in.Text, "tokens": in.Tokens, "texts": in.Texts, "query": in.Query,
		"documents": in.Documents,
	}
	keys := map[kind][]string{
		messagesIn: {"messages"}, textIn: {"text"}, tokensIn: {"tokens"}, textsIn: {"texts"},
		documentsIn: {"query", "documents"},
	}[in.kind()]
	if in.kind() == textIn && s.Input["text"] == "" {
		m, err := asMessages(in)
		if err != nil {
			return nil, err
		}
		keys, values["messages"] = []string{"messages"}, m
	}
	body := s.Body
	for _, key := range keys {
		path := s.Input[key]
		if path == "" {
			return nil, errKind
		}
		var err error
		if body, err = sjson.SetRawBytes(body, path, raw(values[key])); err != nil {
			return nil, fmt.Errorf("input.%s: %w", key, err)
		}
	}
	var o object
	gjson.ParseBytes(body).ForEach(func(k, v gjson.Result) bool {
		o = append(o, Param{Key: k.String(), Value: json.RawMessage(v.Raw)})
		return true
	})
	return o, nil
}

// customReader reads one stream, or a whole reply, with the same expressions.
type customReader struct {
	spec   *spec
	jq     map[string]*gojq.Code
	before string // the text so far, if texts grow
}

func (c *customReader) read(v value) Event {
	got := make(map[string]any, len(c.jq))
	for what, code := range c.jq {
		var err error
		if got[what], err = one(code, v.r.Value()); err != nil {
			return Event{Err: fmt.Sprintf("read.%s of the specification: %v", what, err)}
		}
	}
	e := Event{
		Content: str(got["text"]), Reasoning: str(got["reasoning"]), Tool: str(got["tool"]), Finish: str(got["finish"]),
		Model: str(got["model"]), Items: num(got["items"]), Err: oneLine(str(got["error"])), Done: truth(got["done"]),
	}
	if goesOn(e.Finish) {
		e.Finish = ""
	}
	if c.spec.Cumulative {
		grown, ok := strings.CutPrefix(e.Content, c.before)
		if ok {
			e.Content, c.before = grown, e.Content
		}
	}
	prompt, completion := num(got["prompt_tokens"]), num(got["completion_tokens"])
	e.Usage = nonzero(Usage{Prompt: prompt, Completion: completion, Cached: num(got["cached_tokens"]),
		Reasoning: num(got["reasoning_tokens"])})
	if e.Usage != nil {
		e.Usage.CacheKnown = got["cached_tokens"] != nil
	}
	e.Times = c.times(got)
	if c.jq["success"] != nil && !truth(got["success"]) && e.Err == "" {
		e.Err = "success is not true: " + ErrorMessage(v.raw())
	}
	return e
}

// one evaluates an expression. It returns the first result, or nil if there is none.
func one(code *gojq.Code, v any) (any, error) {
	r, ok := code.Run(v).Next()
	if !ok {
		return nil, nil
	}
	if err, bad := r.(error); bad {
		return nil, err
	}
	return r, nil
}

func truth(v any) bool { return v != nil && v != false }

// str returns the text of a value: "" for null and false, and the joined texts of a list.
func str(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		if !v {
			return ""
		}
	case string:
		return v
	case []any:
		var b strings.Builder
		for _, x := range v {
			b.WriteString(str(x))
		}
		return b.String()
	}
	b, err := gojq.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

func num(v any) int {
	switch v := v.(type) {
	case int:
		return v
	case float64:
		return int(v)
	}
	return 0
}
