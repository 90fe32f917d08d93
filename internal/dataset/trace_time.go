package dataset

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/tidwall/gjson"
)

// layouts are how logs write the time.
var layouts = []string{
	time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "02/Jan/2006:15:04:05 -0700",
	"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999-0700",
}

// timeMs reads a time: a number of seconds, or a date.
func timeMs(v gjson.Result) (ms float64, err error) {
	if !v.Exists() || v.Type == gjson.String && v.Str == "" {
		return 0, errors.New("no time")
	}
	if v.Type == gjson.Number {
		return v.Num * 1000, nil
	}
	if s, err := strconv.ParseFloat(v.Str, 64); err == nil {
		return s * 1000, nil
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, v.Str); err == nil {
			return float64(at.UnixNano()/1000) / 1000, nil
		}
	}
	return 0, fmt.Errorf("not a time: %.40s", v.Raw)
}
