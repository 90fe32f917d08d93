package cli

import (
	"fmt"

	"github.com/alecthomas/kong"
)

// Order is a flag without a value, for the order of arrival, or with the word session or arrival. The zero value is the
// order of the data.
type Order string

// IsBool makes the value optional.
func (*Order) IsBool() bool { return true }

// Decode implements kong.MapperValue.
func (o *Order) Decode(ctx *kong.DecodeContext) error {
	*o = "arrival"
	t := ctx.Scan.Peek()
	word, isWord := t.Value.(string)
	switch value, isFlag := t.Value.(bool); {
	case t.Type == kong.FlagValueToken && isFlag: // of a configuration file
		ctx.Scan.Pop()
		if !value {
			*o = ""
		}
	case isWord && (word == "session" || word == "arrival"):
		*o = Order(ctx.Scan.Pop().String())
	case isWord && t.Type == kong.FlagValueToken:
		return fmt.Errorf("arrival or session, not %q", word)
	}
	return nil
}
