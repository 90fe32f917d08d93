package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/alecthomas/kong"
)

// Duration is a flag with a duration such as 500ms or 2m. A bare number is in seconds, as in evalscope.
type Duration time.Duration

// Decode implements kong.MapperValue.
func (d *Duration) Decode(ctx *kong.DecodeContext) error {
	t := ctx.Scan.Pop()
	if t.IsEOL() {
		return fmt.Errorf("expected a time")
	}
	v, err := ParseDuration(t.String())
	*d = Duration(v)
	return err
}

// ParseDuration parses a duration such as 30 (seconds), 500ms or 2m, which must not be negative.
func ParseDuration(word string) (time.Duration, error) {
	if f, err := strconv.ParseFloat(word, 64); err == nil && f >= 0 && f < 1e9 {
		return time.Duration(f * float64(time.Second)), nil
	}
	d, err := time.ParseDuration(word)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a time such as 30 (seconds), 500ms or 2m", word)
	}
	return d, nil
}
