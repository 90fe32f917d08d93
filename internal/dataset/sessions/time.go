package sessions

import (
	"strconv"
	"time"

	"github.com/tidwall/gjson"
)

// layouts are the forms of instants. One without a zone is UTC; a fraction of a second may follow in any of them.
var layouts = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00",
	"2006-01-02T15:04:05Z0700"}

// timeMs parses an instant as text, in ms since 1970.
func timeMs(v gjson.Result) (ms float64, ok bool) {
	if v.Type != gjson.String {
		return 0, false
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, v.Str); err == nil {
			return float64(t.Unix())*1000 + float64(t.Nanosecond()/1000)/1000, true
		}
	}
	return 0, false
}

// nanosMs parses nanoseconds since 1970, a number or its digits as text, in ms.
func nanosMs(v gjson.Result) (ms float64, ok bool) {
	text := v.Raw
	if v.Type == gjson.String {
		text = v.Str
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || !(f > -1e18 && f < 1e19) {
			return 0, false
		}
		return f / 1e6, true
	}
	return float64(n/1000) / 1000, true
}
