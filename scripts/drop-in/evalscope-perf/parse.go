package main

import (
	"strconv"
	"strings"

	"perfpipe/internal/fault"
)

// values are the flags that were typed, each with its words. A flag without a value has no words; for --no-NAME, NAME
// has the word false.
type values map[string][]string

func (v values) has(name string) bool { _, ok := v[name]; return ok }

// one returns the only word of a flag, or def.
func (v values) one(name, def string) string {
	if w := v[name]; len(w) > 0 {
		return w[0]
	}
	return def
}

// parse reads a command line as Python's argparse does: --name value, --name=value, and a unique prefix of a name.
func parse(flags []flag, args []string) (values, error) {
	typed := values{}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if arg == "-n" {
			arg = "--number"
		}
		name, inline, hasInline := strings.Cut(arg, "=")
		f, off, err := find(flags, name)
		if err != nil {
			return nil, err
		}
		var list []string
		switch {
		case f.kind == on || f.kind == onOff:
			if hasInline {
				return nil, fault.Usage("", "--%s: takes no value", f.name)
			}
			if off {
				list = []string{"false"}
			}
			typed[f.name] = list
			continue
		case hasInline:
			list = []string{inline}
		default:
			list, args = take(f, args)
		}
		if err := f.check(list); err != nil {
			return nil, err
		}
		typed[f.name] = list
	}
	return typed, nil
}

// take splits the values of a flag from the arguments after them.
func take(f *flag, args []string) (list, rest []string) {
	most := 1
	if f.kind == words || f.kind == numbers || f.kind == floats || f.kind == pairs {
		most = len(args)
	}
	for len(list) < most && len(args) > 0 && (!strings.HasPrefix(args[0], "-") || isNumber(args[0])) {
		list, args = append(list, args[0]), args[1:]
	}
	return list, args
}

func (f *flag) check(list []string) error {
	if len(list) == 0 {
		return fault.Usage("", "--%s: expected a value", f.name)
	}
	for _, w := range list {
		switch {
		case (f.kind == number || f.kind == numbers) && !isWhole(w):
			return fault.Usage("", "--%s: %q is not a whole number", f.name, w)
		case (f.kind == floating || f.kind == floats) && !isNumber(w):
			return fault.Usage("", "--%s: %q is not a number", f.name, w)
		case f.kind == pairs && !strings.Contains(w, "="):
			return fault.Usage("", "--%s: %q is not NAME=VALUE", f.name, w)
		}
	}
	return nil
}

func isWhole(w string) bool {
	_, err := strconv.Atoi(w)
	return err == nil
}

func isNumber(w string) bool {
	_, err := strconv.ParseFloat(w, 64)
	return err == nil
}

// find looks up a flag as it was typed, and reports whether it was typed as --no-NAME.
func find(flags []flag, arg string) (f *flag, off bool, err error) {
	name, isFlag := strings.CutPrefix(arg, "--")
	if strings.TrimSpace(arg) == "" {
		return nil, false, fault.Usage("end the line right after its backslash: a blank or a comment there ends the command",
			"%q belongs to no flag", arg)
	}
	if !isFlag || name == "" {
		return nil, false, fault.Usage("values with spaces need quotes", "%q belongs to no flag", arg)
	}
	type spelling struct {
		text string
		flag *flag
		off  bool
	}
	var all, begin []spelling
	for i := range flags {
		all = append(all, spelling{flags[i].name, &flags[i], false})
		if flags[i].kind == onOff {
			all = append(all, spelling{"no-" + flags[i].name, &flags[i], true})
		}
	}
	for _, s := range all {
		if s.text == name {
			return s.flag, s.off, nil
		}
		if strings.HasPrefix(s.text, name) {
			begin = append(begin, s)
		}
	}
	if len(begin) == 1 {
		return begin[0].flag, begin[0].off, nil
	}
	nearest, least := "", len(name)
	for _, s := range all {
		if d := distance(name, s.text); nearest == "" || d < least {
			nearest, least = s.text, d
		}
	}
	return nil, false, fault.Usage("the nearest is --"+nearest, "--%s: evalscope perf has no such flag", name)
}

// distance returns the Levenshtein distance: the number of letters to insert, delete or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
