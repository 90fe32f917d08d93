package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// Floats is a flag of one or more numbers, written 5 10 20 or 5,10,20. Words that are no number end it.
type Floats []float64

// Decode implements kong.MapperValue.
func (l *Floats) Decode(ctx *kong.DecodeContext) error {
	words, err := listWords(ctx, func(w string) bool {
		for p := range strings.SplitSeq(w, ",") {
			if _, err := strconv.ParseFloat(p, 64); err != nil {
				return false
			}
		}
		return true
	})
	if err != nil {
		return err
	}
	*l = nil
	for _, w := range words {
		for p := range strings.SplitSeq(w, ",") {
			f, err := strconv.ParseFloat(p, 64)
			if err != nil {
				return fmt.Errorf("%q is not a number", p)
			}
			*l = append(*l, f)
		}
	}
	return nil
}

// Ints is a flag of one or more whole numbers.
type Ints []int

// Decode implements kong.MapperValue.
func (l *Ints) Decode(ctx *kong.DecodeContext) error {
	var f Floats
	if err := f.Decode(ctx); err != nil {
		return err
	}
	*l = nil
	for _, v := range f {
		if v != float64(int(v)) {
			return fmt.Errorf("%v is not a whole number", v)
		}
		*l = append(*l, int(v))
	}
	return nil
}

// Strings is a flag of one or more words, up to the next flag. A word may hold commas and spaces; the flag may be
// repeated.
type Strings []string

// Decode implements kong.MapperValue.
func (l *Strings) Decode(ctx *kong.DecodeContext) error {
	words, err := listWords(ctx, func(w string) bool { return true })
	*l = append(*l, words...)
	return err
}

// Conditions is a flag of one or more words that compare something, such as 'ttft_ms:p99<500'. Words that do not end it;
// the flag may be repeated.
type Conditions []string

// Decode implements kong.MapperValue.
func (l *Conditions) Decode(ctx *kong.DecodeContext) error {
	words, err := listWords(ctx, func(w string) bool { return strings.ContainsAny(w, "<>") })
	*l = append(*l, words...)
	return err
}

// listWords takes the flag's first value, whatever it is, then those that follow up to the next flag while more likes
// them. kong hands a flag's value to one mapper, which may go on scanning.
func listWords(ctx *kong.DecodeContext, more func(string) bool) ([]string, error) {
	first := ctx.Scan.Pop()
	if first.IsEOL() {
		return nil, fmt.Errorf("expected a value")
	}
	words := []string{first.String()}
	for {
		t := ctx.Scan.Peek()
		w, ok := t.Value.(string)
		if t.IsEOL() || !ok || t.Type == kong.FlagToken || t.Type == kong.ShortFlagToken ||
			strings.HasPrefix(w, "-") && !isNumber(w) || !more(w) {
			return words, nil
		}
		words = append(words, ctx.Scan.Pop().String())
	}
}

func isNumber(w string) bool {
	_, err := strconv.ParseFloat(w, 64)
	return err == nil
}
