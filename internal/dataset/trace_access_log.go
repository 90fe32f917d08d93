package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// Keys of access logs in JSON: nginx's names, then Envoy's, then those of other programs.
var (
	bodyKeys = []string{"request_body", "body", "req_body", "request.body", "requestBody", "RequestBody", "payload"}
	pathKeys = []string{"request_uri", "uri", "path", "url", ":path", "request_path", "requestUrl", "RequestPath",
		"originalUrl"}
	methodKeys = []string{"request_method", "method", ":method", "requestMethod", "RequestMethod", "verb"}
	innerKeys  = []string{"req", "request", "httpRequest", "http"} // objects that may contain these keys
)

// object lists the members of a JSON object. Values are long, so they are parsed in one pass.
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

// first returns the value of the first key present.
func (l object) first(keys []string) gjson.Result {
	for _, k := range keys {
		if x := l.get(k); x.Exists() {
			return x
		}
	}
	return gjson.Result{}
}

// logged is first, also within the object that describes the request.
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
	if body == "-" { // an absent value
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

// variables copies the headers that nginx logs as variables, such as $http_anthropic_version: the needed ones are
// copied, and the names of credentials are reported as skipped. Others may be anything, such as http_status.
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
			if slices.Contains(neededHeaders, name) || slices.Contains(t.o.KeepHeaders, name) {
				t.header(it, name, value)
			}
		}
	}
}

// Keys of access logs for the start of a request, and for the time of logging, which is its end.
var (
	startKeys = []string{"start_time", "startTime", "started_at", "start_ts", "request_start", "requestStart",
		"received_at", "arrival_time", "StartUTC", "StartLocal", "startedDateTime", "event.start"}
	timeKeys = []string{"msec", "time_iso8601", "@timestamp", "timestamp", "time", "time_local", "ts", "datetime",
		"asctime"}
)

// arrival returns the arrival of a logged request in ms: its start, or its end less its duration. sure is false if the
// time may be that of the end and the duration is unknown.
func (l object) arrival() (ms float64, sure bool, err error) {
	if start := l.first(startKeys); start.Exists() {
		ms, err = timeMs(start)
		return ms, true, err
	}
	end := l.first(timeKeys)
	if ms, err = timeMs(end); err != nil {
		return 0, true, err
	}
	if strings.HasPrefix(end.Str, "[") { // Apache's %t is the start
		return ms, true, nil
	}
	took, ok, err := l.duration()
	return ms - took, ok, err
}

// durations are keys of access logs for the duration of a request.
var durations = []string{
	"request_time", "duration", "latency", "elapsed", "elapsed_time", "response_time", "responsetime", "time_taken",
	"total_time", "took", "request_duration", "request_latency", "process_time", "processing_time",
}

// duration returns the duration of a request in ms.
func (l object) duration() (ms float64, ok bool, err error) {
	for i := range l {
		d := &l[i].value
		switch key := l[i].key.Str; {
		// the Elastic Common Schema uses nanoseconds
		case d.IsObject() && key == "event" && d.Get("duration").Type == gjson.Number:
			return d.Get("duration").Num / 1e6, true, nil
		case d.IsObject() && slices.Contains([]string{"httpRequest", "http", "response", "res"}, key):
			if ms, ok, err = objectOf(*d).duration(); ok || err != nil {
				return ms, ok, err
			}
		case d.Type == gjson.Number || d.Type == gjson.String && d.Str != "" && d.Str != "-":
			if name, unit := splitUnit(snake(key)); slices.Contains(durations, name) {
				ms, err = parseDuration(*d, name, unit)
				return ms, err == nil, err
			}
		}
	}
	return 0, false, nil
}

// snake converts a name to snake case.
func snake(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return r >= 'A' && r <= 'Z' || r == '-' }) {
		return name
	}
	var b strings.Builder
	for i, r := range name {
		if r >= 'A' && r <= 'Z' {
			if i > 0 && name[i-1] >= 'a' && name[i-1] <= 'z' {
				b.WriteByte('_')
			}
			r += 'a' - 'A'
		}
		if r == '-' {
			r = '_'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// splitUnit splits the name of a duration from its unit, which it returns in ms; 0 is no unit.
func splitUnit(name string) (string, float64) {
	for _, u := range []struct {
		suffix string
		ms     float64
	}{
		{"_milliseconds", 1}, {"_millis", 1}, {"_msec", 1}, {"_ms", 1},
		{"_microseconds", 1e-3}, {"_micros", 1e-3}, {"_usec", 1e-3}, {"_us", 1e-3},
		{"_nanoseconds", 1e-6}, {"_nanos", 1e-6}, {"_nsec", 1e-6}, {"_ns", 1e-6},
		{"_seconds", 1000}, {"_secs", 1000}, {"_sec", 1000}, {"_s", 1000},
	} {
		if stem, ok := strings.CutSuffix(name, u.suffix); ok {
			return stem, u.ms
		}
	}
	return name, 0
}

// parseDuration returns a duration in ms. If the name has no unit, the text may have one. Otherwise a number with a
// fraction is in seconds, as nginx, Caddy and zap write it; an integer is in milliseconds, as Envoy and pino write it,
// or in nanoseconds if it is large.
func parseDuration(d gjson.Result, name string, unit float64) (float64, error) {
	text := strings.TrimSpace(d.Str)
	if d.Type == gjson.Number {
		text = d.Raw
	}
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		t, err := time.ParseDuration(strings.ReplaceAll(text, " ", ""))
		if err != nil {
			return 0, fmt.Errorf("%s is not a duration: %.40q", name, text)
		}
		return float64(t) / float64(time.Millisecond), nil
	case !(n >= 0 && n < 1e18):
		return 0, fmt.Errorf("%s is not a duration: %.40q", name, text)
	case unit > 0:
		return n * unit, nil
	case strings.Contains(name, "response_time") || name == "responsetime":
		return n, nil
	case strings.ContainsAny(text, ".eE"):
		return n * 1000, nil
	case n >= 1e7:
		return n / 1e6, nil
	}
	return n, nil
}
