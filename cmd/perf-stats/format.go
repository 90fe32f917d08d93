package main

import (
	"cmp"
	"strings"

	"github.com/alecthomas/kong"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/internal/format"
)

// evalscopeFormat is the only format that writes a folder instead of a stream.
const evalscopeFormat = "evalscope"

// formatVars returns the variables of the flags' tags: names, notes and endings of the formats.
func formatVars() kong.Vars {
	help, endings := format.Help()
	return kong.Vars{"formats": strings.Join(format.Names(nil), ","), "formats_help": help, "endings": endings}
}

// chooseFormat sets --format: to the typed one, else to that of the output's name, else to a table.
func (f *flags) chooseFormat() (err error) {
	f.Format, err = cli.Format(f.Output, f.Format, format.Endings())
	f.Format = cmp.Or(f.Format, format.All()[0].Name)
	return err
}

// checkUse returns an error for a typed flag whose effect the chosen output does not show. The outputs that do not are
// listed in the tags of the flags.
func (f *flags) checkUse(env *cli.Env) error {
	output, shown := f.Format, "--format "+f.Format
	switch {
	case f.Compare:
		output, shown = "compare", "--compare"
	case f.Define != "" && f.Format != format.VLLM:
		output, shown = "define", "--define"
	case f.Format == "csv" && f.Ledger:
		output, shown = "csv-ledger", "--ledger --format csv"
	}
	if flag := env.Unseen(output); flag != "" {
		return fault.Usage("run perf-stats a second time for it", "%s: %s does not show it", flag, shown)
	}
	return nil
}

// chosen returns the chosen format, which must be able to hold what a flag asks for.
func (f *flags) chosen(flag string, able func(format.Format) bool) (format.Format, error) {
	chosen, known := format.Named(f.Format)
	if known && able(chosen) {
		return chosen, nil
	}
	names := strings.Join(format.Names(able), ", ")
	return chosen, fault.Usage("", "--format: %s is not one of %s's: %s", f.Format, flag, names)
}
