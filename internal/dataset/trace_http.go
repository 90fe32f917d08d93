package dataset

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"regexp"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"llmperf/internal/api"
	"llmperf/internal/jsonl"
	"llmperf/internal/mask"
	"llmperf/internal/request"
)

// captured makes an item of an HTTP request that was seen. keep is false where it is not a POST with a JSON object.
func (t *trace) captured(it *Item, method, address, body string) (keep bool, err error) {
	body = strings.TrimSpace(body)
	if method != "" && method != "POST" || body == "" || body[0] != '{' {
		return false, nil
	}
	if !gjson.Valid(body) {
		return true, fmt.Errorf("the body is not valid JSON: %.40q", body)
	}
	it.Body, it.Bare = json.RawMessage(gjson.Get(body, "@ugly").Raw), true
	if address == "" {
		return true, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return true, fmt.Errorf("not a URL: %.60q", address)
	}
	if it.Line.URL = u.EscapedPath(); it.Line.URL == "/" {
		it.Line.URL = ""
	}
	if u.RawQuery != "" && it.Line.URL != "" {
		q := u.Query()
		for name := range q {
			if !t.o.KeepSecrets && mask.Name(name) {
				q.Del(name)
				t.hidden++
			}
		}
		if len(q) > 0 {
			it.Line.URL += "?" + q.Encode()
		}
	}
	return true, nil
}

// header keeps a header of a captured request, unless it is a secret, or belongs to the connection or to the browser.
func (t *trace) header(it *Item, name, value string) {
	name = strings.ToLower(name)
	if ofConnection(name) {
		return
	}
	if mask.Name(name) && !t.o.KeepSecrets {
		t.hidden++
		return
	}
	if it.Line.Headers == nil {
		it.Line.Headers = map[string]string{}
	}
	if first, again := it.Line.Headers[name]; again { // which is what several lines of a name mean (RFC 9110, 5.2)
		value = first + ", " + value
	}
	it.Line.Headers[name] = value
}

func ofConnection(name string) bool {
	switch name {
	case "host", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "trailer", "upgrade", "content-length",
		"content-type", "accept", "accept-encoding", "accept-language", "user-agent", "origin", "referer", "priority", "dnt", "expect",
		"cache-control", "pragma":
		return true
	}
	return strings.HasPrefix(name, ":") || strings.HasPrefix(name, "sec-")
}

// looksRequest is any body or envelope of our own, such as the line of an OpenAI batch file.
func looksRequest(_ []byte, first gjson.Result) bool {
	for _, key := range []string{"body", "turns"} {
		if first.Get(key).Exists() {
			return true
		}
	}
	_, ok := api.ForBody(func(key string) bool { return first.Get(key).Exists() })
	return ok
}

func requestLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	r, err := request.Parse([]byte(v.Raw))
	if err == nil && r.Turns == nil && v.Get("custom_id").Exists() && !v.Get("body").Exists() {
		err = errors.New("an envelope without body or turns")
	}
	if err != nil {
		return true, err
	}
	return true, t.line(it, r)
}

// line takes a request line over as it is, but for secrets.
func (t *trace) line(it *Item, r request.Request) error {
	headers := r.Headers
	it.Line, it.Body, it.Bare = r, r.Body, true
	it.Line.Headers = nil
	for name, value := range headers {
		t.header(it, name, value)
	}
	if r.AtMs != nil {
		at := roundMs(*r.AtMs / t.speed)
		it.Line.AtMs = &at
	}
	it.Line.Turns = nil
	for _, turn := range r.Turns {
		it.Turns = append(it.Turns, Turn{Item{Body: turn.Body, Bare: true}, turn.DelayMs})
	}
	return nil
}

// recordLine is a record that perf-send --save-request wrote. It is due when it was due.
func recordLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	text := v.Get("request")
	if !text.Exists() {
		return true, errors.New("a record without its request: perf-send --save-request keeps it")
	}
	line := text.Str
	if text.IsObject() {
		line = text.Raw
	}
	r, err := request.Parse([]byte(line))
	if err != nil {
		return true, fmt.Errorf("request: %w", err)
	}
	if err := t.line(it, r); err != nil {
		return true, err
	}
	if due := v.Get("scheduled_us"); due.Exists() {
		t.at(it, due.Num/1000)
	}
	if it.Line.ID == "" {
		it.Line.ID = v.Get("id").Str
	}
	return true, nil
}

// workloadLine is a line of evalscope's workload_trace.
func workloadLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	ms, err := timeMs(v.Get("timestamp"))
	if err != nil {
		return true, fmt.Errorf("timestamp: %w", err)
	}
	body := v.Get("body").Raw
	if v.Get("body").Type == gjson.String {
		body = v.Get("body").Str
	}
	if keep, err := t.captured(it, "POST", "", body); err != nil || !keep {
		return true, errors.Join(err, notObject(keep))
	}
	v.Get("headers").ForEach(func(name, value gjson.Result) bool {
		t.header(it, name.Str, value.String())
		return true
	})
	it.Line.ID = v.Get("request_id").String()
	t.at(it, ms)
	args := gjson.ParseBytes(t.o.Args)
	model := gjson.GetBytes(it.Body, "model").Str
	if to := args.Get("model_mapping").Get(gjson.Escape(model)); model != "" && to.Exists() {
		it.Body, err = sjson.SetBytes(it.Body, "model", to.Str)
	}
	if to := args.Get("model_override"); to.Exists() && err == nil {
		it.Body, err = sjson.SetBytes(it.Body, "model", to.Str)
	}
	if n := v.Get("completion_tokens").Int(); n > 0 && args.Get("match_output_length").Bool() && err == nil && free(it.Body) {
		it.Own = append(ownMaxTokens(int(n)), api.Param{Key: "ignore_eos", Value: []byte("true")})
	}
	return true, err
}

func notObject(is bool) error {
	if is {
		return nil
	}
	return errors.New("body is not a JSON object")
}

// free says that an answer of any length fits: it need be neither JSON nor the call of a tool.
func free(body []byte) bool {
	choice := gjson.GetBytes(body, "tool_choice")
	return !strings.HasPrefix(gjson.GetBytes(body, "response_format.type").Str, "json") && !choice.IsObject() && choice.Str != "required"
}

// looksVegeta is a target of vegeta's: the body in base64.
func looksVegeta(_ []byte, first gjson.Result) bool {
	return first.Get("method").Exists() && first.Get("url").Exists() && !first.Get("custom_id").Exists() && !first.Get("body").IsObject()
}

func vegetaLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	body, err := base64.StdEncoding.DecodeString(v.Get("body").Str)
	if err != nil {
		return true, fmt.Errorf("body: %w", err)
	}
	v.Get("header").ForEach(func(name, values gjson.Result) bool {
		for _, value := range values.Array() {
			t.header(it, name.Str, value.String())
		}
		return true
	})
	return t.captured(it, v.Get("method").Str, v.Get("url").Str, string(body))
}

// Where access logs in JSON have what is needed: nginx's names, then Envoy's, then others' that are in use.
var (
	bodyKeys   = []string{"request_body", "body", "req_body", "request.body"}
	pathKeys   = []string{"request_uri", "uri", "path", "url", ":path"}
	methodKeys = []string{"request_method", "method", ":method"}
	timeKeys   = []string{"msec", "time_iso8601", "start_time", "@timestamp", "timestamp", "time", "time_local", "ts"}
)

func firstOf(v gjson.Result, keys []string) gjson.Result {
	for _, k := range keys {
		if x := v.Get(gjson.Escape(k)); x.Exists() {
			return x
		}
	}
	return gjson.Result{}
}

func looksAccessLog(_ []byte, first gjson.Result) bool {
	return firstOf(first, timeKeys).Exists() && firstOf(first, bodyKeys).Exists() && (firstOf(first, pathKeys).Exists() || first.Get("request").Exists())
}

func accessLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	method, path := firstOf(v, methodKeys).Str, firstOf(v, pathKeys).Str
	if words := strings.Fields(v.Get("request").Str); len(words) == 3 { // POST /path HTTP/1.1
		method, path = words[0], words[1]
	}
	body := firstOf(v, bodyKeys)
	text := body.Str
	if body.IsObject() {
		text = body.Raw
	}
	keep, err := t.captured(it, method, path, text)
	if err != nil || !keep {
		return keep, err
	}
	ms, err := timeMs(firstOf(v, timeKeys))
	t.at(it, ms)
	return true, err
}

var beginsHAR = regexp.MustCompile(`^\{\s*"log"\s*:\s*\{`)

// looksHAR is what browsers and proxies save: {"log": {"entries": […]}}.
func looksHAR(head []byte, _ gjson.Result) bool { return beginsHAR.Match(head) }

// readHAR reads one entry at a time.
func readHAR(t *trace, r io.Reader, name string) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		for entry, err := range elements(r, name, "log", "entries") {
			it, keep := &Item{}, true
			if err == nil {
				if keep, err = t.harEntry(gjson.ParseBytes(entry.Bytes), it); err != nil {
					err, keep = &jsonl.LineError{File: name, Line: entry.N, Err: fmt.Errorf("entry: %w", err)}, true
				}
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

func (t *trace) harEntry(v gjson.Result, it *Item) (bool, error) {
	keep, err := t.captured(it, v.Get("request.method").Str, v.Get("request.url").Str, v.Get("request.postData.text").Str)
	if err != nil || !keep {
		return keep, err
	}
	for _, h := range v.Get("request.headers").Array() {
		t.header(it, h.Get("name").Str, h.Get("value").Str)
	}
	ms, err := timeMs(v.Get("startedDateTime"))
	t.at(it, ms)
	return true, err
}
