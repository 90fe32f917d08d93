package facts

import (
	"fmt"
	"strconv"
	"strings"
)

// Arguments returns the flags of the command of a run: each with its name in lower case and underscores, and its value,
// which is a list if there are several.
func (f *Facts) Arguments() map[string]any {
	if len(f.Command) == 0 {
		return map[string]any{}
	}
	return arguments(f.Command[1:])
}

// arguments returns the flags of a command line. A flag without a value is true, and --no-NAME is NAME: false. Flags of
// one letter are left out except -n, since the others name files.
func arguments(args []string) map[string]any {
	shorts := map[byte]string{'n': "number"}
	out := map[string]any{}
	var values []any
	name := ""
	end := func() {
		switch {
		case name == "":
		case len(values) == 0 && strings.HasPrefix(name, "no_"):
			out[strings.TrimPrefix(name, "no_")] = false
		case len(values) == 0:
			out[name] = true
		case len(values) == 1:
			out[name] = values[0]
		default:
			out[name] = values
		}
	}
	for _, a := range args {
		if len(a) == 2 && a[0] == '-' && a[1] >= 'a' && a[1] <= 'z' {
			end()
			name, values = shorts[a[1]], nil
			continue
		}
		flag, isFlag := strings.CutPrefix(a, "--")
		if !isFlag || flag == "" {
			values = append(values, Argument(a))
			continue
		}
		end()
		key, value, whole := strings.Cut(flag, "=")
		name, values = strings.ReplaceAll(key, "-", "_"), nil
		if whole {
			values = []any{Argument(value)}
		}
	}
	end()
	return out
}

// Argument returns a word of a command line as a number or a truth value if it is one, or else as text.
func Argument(word string) any {
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		return n
	}
	if f, err := strconv.ParseFloat(word, 64); err == nil && f-f == 0 { // not Inf or NaN
		return f
	}
	if b, err := strconv.ParseBool(word); err == nil && len(word) > 1 {
		return b
	}
	return word
}

// maxLabel is the longest label of Labels, in bytes. Longer values, such as prompts, are in the requests anyway.
const maxLabel = 100

// Labels returns the flags of a command line as labels, with secrets masked, except those named in without. Flags that
// are then missing have the values in absent.
func Labels(args []string, absent map[string]any, without ...string) map[string]string {
	known := arguments(maskArgs(args))
	for _, name := range without {
		delete(known, name)
	}
	for name, value := range absent {
		if _, typed := known[name]; !typed {
			known[name] = value
		}
	}
	all := map[string]string{}
	for name, value := range known {
		if text := strings.Trim(fmt.Sprint(value), "[]"); len(text) <= maxLabel {
			all[name] = text
		}
	}
	return all
}
