package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/format"
)

// evalscopeFormat is the only format that writes a folder instead of a stream.
const evalscopeFormat = "evalscope"

// formatVars fills the names, notes and endings of the formats into the flags' tags.
func formatVars() kong.Vars {
	var names, help, endings []string
	for _, f := range format.All() {
		names, endings = append(names, f.Name), append(endings, f.Ending)
		if f.Note != "" {
			help = append(help, fmt.Sprintf("%s (%s)", f.Name, f.Note))
		} else {
			help = append(help, f.Name)
		}
	}
	last := len(endings) - 1
	return kong.Vars{
		"formats": strings.Join(names, ","), "formats_help": strings.Join(help, ", "),
		"endings": strings.Join(endings[:last], ", ") + " or " + endings[last],
	}
}

// chooseFormat sets --format unless it was typed: to the one that the name of the output ends in, else to a table.
func (f *flags) chooseFormat() (err error) {
	if f.Format == evalscopeFormat {
		return nil
	}
	endings := map[string]string{}
	for _, known := range format.All() {
		endings[known.Ending] = known.Name
	}
	f.Format, err = cli.Format(f.Output, f.Format, endings)
	f.Format = cmp.Or(f.Format, format.All()[0].Name)
	return err
}

// chosen returns the format that f.Format names, which must be able to hold what a flag asks for.
func (f *flags) chosen(flag string, able func(format.Format) bool) (format.Format, error) {
	chosen, known := format.Named(f.Format)
	if known && able(chosen) {
		return chosen, nil
	}
	var names []string
	for _, other := range format.All() {
		if able(other) {
			names = append(names, other.Name)
		}
	}
	return chosen, fault.Usage("", "--format: %s is not one of %s's: %s", f.Format, flag, strings.Join(names, ", "))
}
