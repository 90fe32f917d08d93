package cli

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// KnownList lets flags with the tag type:"NAME", which are lists of strings, have words separated by commas or spaces.
// The first word that is not known is an argument.
func KnownList(name string, known []string) kong.Option {
	return kong.NamedMapper(name, kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
		first := ctx.Scan.Pop()
		if first.IsEOL() {
			return errors.New("expected a value")
		}
		list := append(target.Interface().([]string), strings.Split(first.String(), ",")...)
		for {
			word, ok := ctx.Scan.Peek().Value.(string)
			if !ok || !slices.Contains(known, word) {
				target.Set(reflect.ValueOf(list))
				return nil
			}
			list = append(list, ctx.Scan.Pop().String())
		}
	}))
}

// KnownWord makes the value of flags with the tag type:"NAME", which are strings, optional. The default is the first of
// known, and a word may lack suffix. A word that is not known is an argument, or after = an error.
func KnownWord(name, suffix string, known []string) kong.Option {
	return kong.NamedMapper(name, kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
		next := ctx.Scan.Peek()
		text, _ := next.Value.(string)
		word := strings.TrimSuffix(text, suffix) + suffix
		switch {
		case slices.Contains(known, word):
			ctx.Scan.Pop()
			target.SetString(word)
		case next.Type == kong.FlagValueToken:
			return fmt.Errorf("%q is none of %s", text, strings.Join(known, ", "))
		default:
			target.SetString(known[0])
		}
		return nil
	}))
}
