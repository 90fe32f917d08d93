package cli

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// Floats is a flag with one or more numbers, as in 5 10 20 or 5,10,20. The first word that is not a number ends it.
type Floats []float64

// Decode implements kong.MapperValue.
func (l *Floats) Decode(ctx *kong.DecodeContext) error {
	words, err := listWords(ctx, func(w string) (bool, error) {
		for _, p := range numbers(w) {
			if !isNumber(p) {
				return false, nil
			}
		}
		if isFile(w) {
			return false, fmt.Errorf("%s is a number and a file: write the numbers with commas, and the file as ./%s", w, w)
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	*l = nil
	for _, w := range words {
		for _, p := range numbers(w) {
			f, err := strconv.ParseFloat(p, 64)
			if err != nil {
				return fmt.Errorf("%q is not a number", p)
			}
			*l = append(*l, f)
		}
	}
	return nil
}

// String returns the list as written on the command line.
func (l Floats) String() string { return spaced([]float64(l)) }

func spaced[T any](list []T) string { return strings.Trim(fmt.Sprint(list), "[]") }

// numbers splits a word at its commas, and at blanks, which the value of an environment variable may contain.
func numbers(word string) []string {
	return strings.Split(strings.Join(strings.Fields(word), ","), ",")
}

// Ints is a flag with one or more whole numbers.
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

// String returns the list as written on the command line.
func (l Ints) String() string { return spaced([]int(l)) }

// Strings is a flag with one or more words, up to the next flag or the first word that names an existing file, which is
// then an argument of the command; Env.Parse reports it. A word may contain commas and spaces, and the flag may be
// repeated.
type Strings []string

// Decode implements kong.MapperValue.
func (l *Strings) Decode(ctx *kong.DecodeContext) error {
	words, err := listWords(ctx, func(w string) (bool, error) {
		if !isFile(w) && namesFile(w) {
			return false, fmt.Errorf("%s looks like a file, but does not exist", w)
		}
		return !isFile(w), nil
	})
	*l = append(*l, words...)
	return err
}

// Paths is a flag with one or more files, up to the next flag. It may be repeated.
type Paths []string

// Decode implements kong.MapperValue.
func (l *Paths) Decode(ctx *kong.DecodeContext) error {
	words, err := listWords(ctx, func(string) (bool, error) { return true, nil })
	*l = append(*l, words...)
	return err
}

// Conditions is a flag with one or more words that compare something, such as 'ttft_ms:p99<500'. The first word that
// does not ends it. It may be repeated.
type Conditions []string

// Decode implements kong.MapperValue.
func (l *Conditions) Decode(ctx *kong.DecodeContext) error {
	words, err := listWords(ctx, func(w string) (bool, error) { return strings.ContainsAny(w, "<>"), nil })
	*l = append(*l, words...)
	return err
}

// Labels is a flag with one or more KEY=VALUE words. The first word of another form ends it. It may be repeated,
// but a key has one value.
type Labels map[string]string

// Decode implements kong.MapperValue.
func (l *Labels) Decode(ctx *kong.DecodeContext) error {
	words, err := listWords(ctx, func(w string) (bool, error) { return strings.Contains(w, "=") && !isFile(w), nil })
	for _, w := range words {
		key, value, ok := strings.Cut(w, "=")
		if !ok || key == "" {
			return fmt.Errorf("%q is not KEY=VALUE", w)
		}
		if *l == nil {
			*l = Labels{}
		}
		if have, again := (*l)[key]; again && have != value {
			return fmt.Errorf("%q is both %q and %q", key, have, value)
		}
		(*l)[key] = value
	}
	return err
}

// Over returns labels overridden and extended by l. Neither map is changed.
func (l Labels) Over(labels map[string]string) map[string]string {
	if len(l) == 0 {
		return labels
	}
	if len(labels) == 0 {
		return l
	}
	all := maps.Clone(labels)
	maps.Copy(all, l)
	return all
}

// listWords returns the flag's first value, unconditionally, and the words after it that more accepts, up to the next
// flag. kong passes a flag's value to one mapper, which may continue to scan. A list from a configuration file is
// one value.
func listWords(ctx *kong.DecodeContext, more func(string) (bool, error)) ([]string, error) {
	first := ctx.Scan.Pop()
	if first.IsEOL() {
		return nil, errors.New("expected a value")
	}
	if list, ok := first.Value.([]any); ok {
		var words []string
		for _, v := range list {
			words = append(words, fmt.Sprint(v))
		}
		return words, nil
	}
	words := []string{first.String()}
	for {
		t := ctx.Scan.Peek()
		w, ok := t.Value.(string)
		if t.IsEOL() || !ok || t.Type == kong.FlagToken || t.Type == kong.ShortFlagToken ||
			strings.HasPrefix(w, "-") && !isNumber(w) {
			return words, nil
		}
		if ok, err := more(w); err != nil || !ok {
			return words, err
		}
		words = append(words, ctx.Scan.Pop().String())
	}
}

func isNumber(w string) bool {
	_, err := strconv.ParseFloat(w, 64)
	return err == nil
}

func isFile(w string) bool {
	info, err := os.Stat(w)
	return err == nil && !info.IsDir()
}

// namesFile reports whether a word ends like a file that the commands read.
func namesFile(w string) bool {
	switch filepath.Ext(w) {
	case ".jsonl", ".json", ".ndjson", ".txt", ".csv", ".tsv", ".log", ".har", ".parquet", ".gz", ".zst":
		return filepath.Base(w) != filepath.Ext(w) && !strings.ContainsAny(w, " =\t\n")
	}
	return false
}

// endedLists returns the flag and the file for each list flag that an existing file ended.
func endedLists(app *kong.Application, args []string) (ended [][2]string) {
	lists := map[string]bool{}
	for _, f := range app.Flags {
		lists["--"+f.Name] = f.Target.Type() == reflect.TypeFor[Strings]()
	}
	for i := 0; i < len(args) && args[i] != "--"; i++ {
		flag, _, whole := strings.Cut(args[i], "=")
		if !lists[flag] {
			continue
		}
		from := i + 2 // the first value always belongs to the list
		if whole {
			from = i + 1
		}
		rest := args[min(from, len(args)):]
		n := slices.IndexFunc(rest, func(w string) bool { return strings.HasPrefix(w, "-") || isFile(w) })
		if n >= 0 && !strings.HasPrefix(rest[n], "-") {
			ended = append(ended, [2]string{flag, rest[n]})
		}
	}
	return ended
}
