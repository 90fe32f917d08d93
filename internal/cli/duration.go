package cli

import (
	"fmt"
	"time"

	"github.com/alecthomas/kong"

	"perfpipe/internal/unit"
)

// Duration is a flag with a duration such as 500ms or 2m. A bare number is in seconds, as in evalscope.
type Duration time.Duration

// Decode implements kong.MapperValue.
func (d *Duration) Decode(ctx *kong.DecodeContext) error {
	t := ctx.Scan.Pop()
	if t.IsEOL() {
		return fmt.Errorf("expected a time")
	}
	v, err := unit.ParseDuration(t.String())
	*d = Duration(v)
	return err
}
