package cli

import (
	"errors"

	"github.com/alecthomas/kong"
	"github.com/mattn/go-shellwords"
)

// Words is a flag for arguments in one string, quoted as in a shell. The string may begin with a dash.
type Words []string

// Decode implements kong.MapperValue.
func (w *Words) Decode(ctx *kong.DecodeContext) error {
	t := ctx.Scan.Pop()
	if t.IsEOL() {
		return errors.New("expected a value")
	}
	args, err := shellwords.Parse(t.String())
	*w = append(*w, args...)
	return err
}
