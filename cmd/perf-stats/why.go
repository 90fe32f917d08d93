package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"perfpipe/internal/why"
)

// whyFlag is the metric of --why, which may be left out.
type whyFlag string

// Decode implements kong.MapperValue. It takes the next argument only if that is a metric.
func (f *whyFlag) Decode(ctx *kong.DecodeContext) error {
	*f = whyFlag(why.Metrics()[0])
	next := ctx.Scan.Peek()
	text, _ := next.Value.(string)
	key := text
	if !strings.HasSuffix(key, "_ms") {
		key += "_ms"
	}
	switch {
	case slices.Contains(why.Metrics(), key):
		ctx.Scan.Pop()
		*f = whyFlag(key)
	case next.Type == kong.FlagValueToken:
		return fmt.Errorf("%q is none of %s", text, strings.Join(why.Metrics(), ", "))
	}
	return nil
}
