package dataset

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"perfpipe/internal/api"
	"perfpipe/internal/fastjson"
	"perfpipe/internal/request"
)

// looksRequest is any body or envelope of our own, such as the line of an OpenAI batch file.
func looksRequest(s *sample) bool {
	for _, v := range s.objects {
		if isEnvelope(v) || isBody(v) || v.Get("custom_id").Exists() {
			return true
		}
	}
	return false
}

func requestLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	r, err := request.Parse([]byte(v.Raw))
	if err == nil && r.Turns == nil && v.Get("custom_id").Exists() && !v.Get("body").Exists() {
		err = errors.New("an envelope without body or turns")
	}
	if err == nil {
		err = t.o.areBodies(r)
	}
	if err != nil {
		return true, err
	}
	return true, t.line(it, r)
}

// areBodies returns an error if what stands in the place of a body, or of one of the turns, is none.
func (o *Options) areBodies(r request.Request) error {
	if o.anyBody {
		return nil
	}
	if r.Turns == nil {
		if body := gjson.ParseBytes(r.Body); !wasSent(body) {
			return notBody(body)
		}
	}
	for i, turn := range r.Turns {
		if body := gjson.ParseBytes(turn.Body); !wasSent(body) {
			return fmt.Errorf("turns[%d]: %w", i, notBody(body))
		}
	}
	return nil
}

// notBody is an object in the place of a body.
func notBody(v gjson.Result) error {
	return fmt.Errorf("not the body of a request: it has the keys %s", strings.Join(keysOf(v), ", "))
}

// line takes a request line over as it is, but for secrets.
func (c *capture) line(it *Item, r request.Request) (err error) {
	headers := r.Headers
	it.Line, it.Bare = r, true
	it.Line.Headers, it.Line.Turns = nil, nil
	for name, value := range headers {
		c.header(it, name, value)
	}
	if it.Line.URL, err = c.address(r.URL); err != nil {
		return err
	}
	if r.Turns == nil {
		it.Body, err = c.clean(r.Body)
		return err
	}
	for _, turn := range r.Turns {
		body, err := c.clean(turn.Body)
		if err != nil {
			return err
		}
		it.Turns = append(it.Turns, Turn{Item: Item{Body: body, Bare: true}, DelayMs: turn.DelayMs})
	}
	return nil
}

// line is that of capture, at the speed that the user asks for.
func (t *trace) line(it *Item, r request.Request) error {
	if err := t.capture.line(it, r); err != nil {
		return err
	}
	if r.AtMs != nil {
		at := roundMs(*r.AtMs / t.speed)
		t.backward, t.lastMs = t.backward || at < t.lastMs, at
		it.Line.AtMs = &at
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
	l := objectOf(v)
	ms, err := timeMs(l.get("timestamp"))
	if err != nil {
		return true, fmt.Errorf("timestamp: %w", err)
	}
	body := embedded(l.get("body"))
	if !body.IsObject() {
		return true, errors.New("body is not a JSON object")
	}
	t.body = append(t.body[:0], body.Raw...)
	if t.members, err = fastjson.AppendMembers(t.members[:0], t.body); err != nil {
		return true, err
	}
	if !t.o.anyBody && !hasShape(t.members) {
		return true, notBody(body)
	}
	if err = t.take(it); err != nil {
		return true, err
	}
	it.Bare = true
	l.get("headers").ForEach(func(name, value gjson.Result) bool {
		t.header(it, name.Str, value.String())
		return true
	})
	it.Line.ID = l.get("request_id").String()
	t.at(it, ms)
	if t.o.Args == nil {
		return true, nil
	}
	args := gjson.ParseBytes(t.o.Args)
	it.Members = nil // which may be others in a moment
	model := gjson.GetBytes(it.Body, "model").Str
	if to := args.Get("model_mapping").Get(gjson.Escape(model)); model != "" && to.Exists() {
		it.Body, err = sjson.SetBytes(it.Body, "model", to.Str)
	}
	if to := args.Get("model_override"); to.Exists() && err == nil {
		it.Body, err = sjson.SetBytes(it.Body, "model", to.Str)
	}
	if n := l.get("completion_tokens").Int(); n > 0 && args.Get("match_output_length").Bool() && err == nil && free(it.Body) {
		it.Own = append(ownMaxTokens(int(n)), api.Param{Key: "ignore_eos", Value: []byte("true")})
	}
	return true, err
}

// free says that an answer of any length fits: it need be neither JSON nor the call of a tool.
func free(body []byte) bool {
	choice := gjson.GetBytes(body, "tool_choice")
	return !strings.HasPrefix(gjson.GetBytes(body, "response_format.type").Str, "json") && !choice.IsObject() && choice.Str != "required"
}

// looksVegeta is a target of vegeta's: the body in base64.
func looksVegeta(s *sample) bool {
	return s.has("method", "url") && !s.has("custom_id") && !isEnvelope(s.objects[0])
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
	bodyKeys   = []string{"request_body", "body", "req_body", "request.body", "requestBody", "RequestBody", "payload"}
	pathKeys   = []string{"request_uri", "uri", "path", "url", ":path", "request_path", "requestUrl", "RequestPath", "originalUrl"}
	methodKeys = []string{"request_method", "method", ":method", "requestMethod", "RequestMethod", "verb"}
	innerKeys  = []string{"req", "request", "httpRequest", "http"} // objects with these
)

// object is the members of a JSON object: values are long, so they are gone through once.
type object []struct{ key, value gjson.Result }

func objectOf(v gjson.Result) object { return appendObject(nil, v) }

func appendObject(l object, v gjson.Result) object {
	v.ForEach(func(key, value gjson.Result) bool {
		l = append(l, struct{ key, value gjson.Result }{key, value})
		return true
	})
	return l
}

func (l object) get(key string) gjson.Result {
	for i := range l {
		if m := &l[i]; m.key.Str == key && m.value.Type != gjson.Null {
			return m.value
		}
	}
	return gjson.Result{}
}

// first is the value of the first of the keys that there is.
func (l object) first(keys []string) gjson.Result {
	for _, k := range keys {
		if x := l.get(k); x.Exists() {
			return x
		}
	}
	return gjson.Result{}
}

// logged is first, also in the object for the request.
func (l object) logged(keys []string) gjson.Result {
	if x := l.first(keys); x.Exists() {
		return x
	}
	for _, k := range innerKeys {
		if inner := l.get(k); inner.IsObject() {
			if x := objectOf(inner).first(keys); x.Exists() {
				return x
			}
		}
	}
	return gjson.Result{}
}

func looksAccessLog(s *sample) bool {
	for _, v := range s.objects {
		l := objectOf(v)
		timed := l.first(timeKeys).Exists() || l.first(startKeys).Exists()
		if timed && l.logged(bodyKeys).Exists() && (l.logged(pathKeys).Exists() || l.get("request").Type == gjson.String) {
			return true
		}
	}
	return false
}

func accessLine(t *trace, v gjson.Result, it *Item) (bool, error) {
	t.logLine = appendObject(t.logLine[:0], v)
	l := t.logLine
	method, path := l.logged(methodKeys).Str, l.logged(pathKeys).Str
	if words := strings.Fields(l.get("request").Str); len(words) == 3 { // POST /path HTTP/1.1
		method, path = words[0], words[1]
	}
	body := bodyOf(l.logged(bodyKeys))
	if body == "-" { // as logs write what is not there
		body = ""
	}
	keep, err := t.captured(it, method, path, body)
	if err != nil || !keep {
		return keep, err
	}
	ms, sure, err := l.arrival()
	if err != nil {
		return true, err
	}
	t.late = t.late || !sure
	t.at(it, ms)
	t.variables(it, l)
	l.logged([]string{"headers", "request_headers"}).ForEach(func(name, value gjson.Result) bool {
		if !value.IsArray() {
			value = gjson.Result{Type: gjson.JSON, Raw: "[" + value.Raw + "]"}
		}
		for _, one := range value.Array() {
			t.header(it, name.Str, one.String())
		}
		return true
	})
	return true, nil
}

// variables takes over the headers that nginx has as variables, such as $http_anthropic_version: those that are needed, and
// those that let somebody in are named as left out. Others may be anything, such as http_status.
func (t *trace) variables(it *Item, l object) {
	for i := range l {
		name, ok := strings.CutPrefix(strings.ToLower(l[i].key.Str), "http_")
		if !ok {
			continue
		}
		value := l[i].value.String()
		if value == "" || value == "-" {
			continue
		}
		name = strings.ReplaceAll(name, "_", "-")
		switch name {
		case "authorization", "cookie", "api-key", "x-api-key", "x-goog-api-key", "proxy-authorization":
			t.header(it, name, value)
		default:
			if slices.Contains(needed, name) || slices.Contains(t.o.KeepHeaders, name) {
				t.header(it, name, value)
			}
		}
	}
}

var beginsHAR = regexp.MustCompile(`^\{\s*"log"\s*:\s*\{`)

// looksHAR is what browsers and proxies save: {"log": {"entries": […]}}.
func looksHAR(s *sample) bool { return beginsHAR.Match(s.head) }

// readHAR reads one entry at a time.
func readHAR(t *trace, r io.Reader, name string) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		n := 0
		for entry, err := range elements(r, name, "log", "entries") {
			it, keep := &Item{}, true
			if n++; err == nil {
				if keep, err = t.harEntry(gjson.ParseBytes(entry.Bytes), it); err != nil {
					err = entryError(entry, n, err)
				}
			}
			if !t.give(yield, it, keep, err) {
				return
			}
		}
	}
}

func (t *trace) harEntry(v gjson.Result, it *Item) (bool, error) {
	body := v.Get("request.postData.text").Str
	if body == "" {
		body = bodyOf(v.Get("request.content.text")) // as some proxies have it
	}
	keep, err := t.captured(it, v.Get("request.method").Str, v.Get("request.url").Str, body)
	if err != nil || !keep {
		return keep, err
	}
	for _, h := range v.Get("request.headers").Array() {
		t.header(it, h.Get("name").Str, h.Get("value").String())
	}
	ms, err := timeMs(v.Get("startedDateTime"))
	if err != nil {
		return true, fmt.Errorf("startedDateTime: %w", err)
	}
	t.at(it, ms)
	return true, nil
}
