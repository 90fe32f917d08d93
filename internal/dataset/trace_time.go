package dataset

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// timeLayouts are the time formats of logs. A fraction of a second may follow in any of them.
var timeLayouts = []string{
	time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "02/Jan/2006:15:04:05 -0700", "02/Jan/2006:15:04:05",
	"2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05-0700", "2006-01-02 15:04:05-07", "2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700 MST", "2006/01/02 15:04:05", "20060102T150405Z0700",
	time.RFC1123, time.RFC1123Z, time.ANSIC,
}

// timeMs parses a time, a number or a date, and returns it in ms.
func timeMs(v gjson.Result) (ms float64, err error) {
	text := strings.Trim(v.Str, "[] ")
	switch {
	case !v.Exists() || v.Type == gjson.Null || v.Type == gjson.String && text == "":
		return 0, errors.New("no time")
	case v.Type == gjson.Number:
		return possibleMs(epochMs(v.Num), v)
	case v.Type != gjson.String:
		return 0, fmt.Errorf("not a time: %.40s", v.Raw)
	}
	if s, err := strconv.ParseFloat(text, 64); err == nil {
		return possibleMs(epochMs(s), v)
	}
	for _, layout := range timeLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			return float64(at.Unix())*1000 + float64(at.Nanosecond()/1000)/1000, nil
		}
	}
	if dayOrMonth.MatchString(text) {
		return 0, fmt.Errorf("day and month cannot be told apart in %.40s: write 2006-01-02 15:04:05", v.Raw)
	}
	return 0, fmt.Errorf("not a time: %.40s", v.Raw)
}

// possibleMs returns the time ms, or an error if v, from which it was read, is none: in ms, 10¹⁵ is 30,000 years.
func possibleMs(ms float64, v gjson.Result) (float64, error) {
	if !(math.Abs(ms) < 1e15) {
		return 0, fmt.Errorf("not a time: %.40s", v.Raw)
	}
	return ms, nil
}

// dayOrMonth matches dates whose order of day and month depends on the country.
var dayOrMonth = regexp.MustCompile(`^\d{1,2}[/.]\d{1,2}[/.]\d{4}\b`)

// epochMs distinguishes seconds, milliseconds, microseconds and nanoseconds since 1970 by magnitude: in seconds, 10¹¹
// is in the year 5138. Small numbers are seconds from an arbitrary origin.
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

// fromEpoch reports whether the first timestamp of a trace counts from 1970, rather than from the beginning of the
// trace: it is at least 10⁹, which is the year 2001 in seconds, or 11 days in ms.
func fromEpoch(first gjson.Result) bool {
	return first.Type == gjson.Number && math.Abs(first.Num) >= 1e9
}

// roundMs rounds to microseconds.
func roundMs(ms float64) float64 { return math.Round(ms*1000) / 1000 }
