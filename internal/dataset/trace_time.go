package dataset

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// layouts are how logs write the time. A fraction of a second may follow in any of them.
var layouts = []string{
	time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "02/Jan/2006:15:04:05 -0700", "02/Jan/2006:15:04:05",
	"2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05-0700", "2006-01-02 15:04:05-07", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST",
	"2006-01-02 15:04:05 -0700 MST", "2006/01/02 15:04:05", "20060102T150405Z0700", time.RFC1123, time.RFC1123Z, time.ANSIC,
}

// timeMs reads a time in ms: a number, or a date.
func timeMs(v gjson.Result) (ms float64, err error) {
	text := strings.Trim(v.Str, "[] ")
	switch {
	case !v.Exists() || v.Type == gjson.Null || v.Type == gjson.String && text == "":
		return 0, errors.New("no time")
	case v.Type == gjson.Number:
		return epochMs(v.Num), nil
	case v.Type != gjson.String:
		return 0, fmt.Errorf("not a time: %.40s", v.Raw)
	}
	if s, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(s) && !math.IsInf(s, 0) {
		return epochMs(s), nil
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return float64(at.Unix())*1000 + float64(at.Nanosecond()/1000)/1000, nil
		}
	}
	return 0, fmt.Errorf("not a time: %.40s", v.Raw)
}

// epochMs tells seconds, milliseconds, microseconds and nanoseconds since 1970 apart by their size: in seconds, 10¹¹ is in
// the year 5138. Small numbers are seconds since any time.
func epochMs(t float64) float64 {
	switch size := math.Abs(t); {
	case size < 1e11:
		return t * 1000
	case size < 1e14:
		return t
	case size < 1e17:
		return t / 1000
	}
	return t / 1e6
}

// fromEpoch reports whether the first timestamp of a trace counts from 1970, rather than from the beginning of the trace: it is
// more than 10⁹, which is the year 2001 in seconds, or 11 days in ms.
func fromEpoch(first gjson.Result) bool {
	return first.Type == gjson.Number && math.Abs(first.Num) >= 1e9
}

// Keys of access logs that say when a request began, and of those that say when it was logged, which is when it ended.
var (
	startKeys = []string{"start_time", "startTime", "started_at", "start_ts", "request_start", "requestStart", "received_at", "arrival_time",
		"StartUTC", "StartLocal", "startedDateTime", "event.start"}
	timeKeys = []string{"msec", "time_iso8601", "@timestamp", "timestamp", "time", "time_local", "ts", "datetime", "asctime"}
)

// arrival is when a request of an access log arrived, in ms: its start, or its end less its duration. sure is false if
// the log may say when it ended, and does not say how long it took.
func (l object) arrival() (ms float64, sure bool, err error) {
	if start := l.first(startKeys); start.Exists() {
		ms, err = timeMs(start)
		return ms, true, err
	}
	end := l.first(timeKeys)
	if ms, err = timeMs(end); err != nil {
		return 0, true, err
	}
	if strings.HasPrefix(end.Str, "[") { // Apache's %t, which is when the request was received
		return ms, true, nil
	}
	took, ok, err := l.took()
	return ms - took, ok, err
}

// durations are keys of access logs that say how long a request took.
var durations = []string{
	"request_time", "duration", "latency", "elapsed", "elapsed_time", "response_time", "responsetime", "time_taken", "total_time", "took",
	"request_duration", "request_latency", "process_time", "processing_time",
}

// took finds how long a request took, in ms.
func (l object) took() (ms float64, ok bool, err error) {
	for i := range l {
		d := &l[i].value
		switch key := l[i].key.Str; {
		case d.IsObject() && key == "event" && d.Get("duration").Type == gjson.Number: // the Elastic Common Schema has nanoseconds
			return d.Get("duration").Num / 1e6, true, nil
		case d.IsObject() && slices.Contains([]string{"httpRequest", "http", "response", "res"}, key):
			if ms, ok, err = objectOf(*d).took(); ok || err != nil {
				return ms, ok, err
			}
		case d.Type == gjson.Number || d.Type == gjson.String && d.Str != "" && d.Str != "-":
			if name, unit := splitUnit(snake(key)); slices.Contains(durations, name) {
				ms, err = lasted(*d, name, unit)
				return ms, err == nil, err
			}
		}
	}
	return 0, false, nil
}

// snake writes a name in the manner of request_time.
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

// splitUnit takes the unit off the name of a duration, in ms; 0 is none.
func splitUnit(name string) (string, float64) {
	for _, u := range []struct {
		suffix string
		ms     float64
	}{
		{"_milliseconds", 1}, {"_millis", 1}, {"_msec", 1}, {"_ms", 1}, {"_microseconds", 1e-3}, {"_micros", 1e-3}, {"_usec", 1e-3}, {"_us", 1e-3},
		{"_nanoseconds", 1e-6}, {"_nanos", 1e-6}, {"_nsec", 1e-6}, {"_ns", 1e-6}, {"_seconds", 1000}, {"_secs", 1000}, {"_sec", 1000}, {"_s", 1000},
	} {
		if stem, ok := strings.CutSuffix(name, u.suffix); ok {
			return stem, u.ms
		}
	}
	return name, 0
}

// lasted reads a duration in ms. Where the name has no unit, the text may have one; else a number with a fraction is seconds, as
// nginx, Caddy and zap write it; a whole one is milliseconds, as Envoy and pino do, or if it is large nanoseconds.
func lasted(d gjson.Result, name string, unit float64) (float64, error) {
	text := strings.TrimSpace(d.Str)
	if d.Type == gjson.Number {
		text = d.Raw
	}
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		t, err := time.ParseDuration(strings.ReplaceAll(text, " ", ""))
		if err != nil {
			return 0, fmt.Errorf("%s is no duration: %.40q", name, text)
		}
		return float64(t) / float64(time.Millisecond), nil
	case !(n >= 0 && n < 1e18):
		return 0, fmt.Errorf("%s is no duration: %.40q", name, text)
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
