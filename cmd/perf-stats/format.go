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

// checkUse returns an error for a typed flag whose effect the chosen output does not show.
func (f *flags) checkUse(env *cli.Env) error {
	const ours = "--facts --follow --gpus --ledger --metric --metrics --metrics-parquet --parquet --price --price-hour " +
		"--slo --sqlite --visualizer --why "
	output, unused := "--format "+f.Format, map[string]string{
		evalscopeFormat: ours + "--ci --define --failures --goodput --percentiles",
		format.VLLM:     ours + "--ci --failures",
		"junit":         "--ci --gpus --ledger --metric --metrics-parquet --price --price-hour --why",
		"prometheus":    "--ci --ledger --metric --why",
	}[f.Format]
	switch {
	case f.Compare:
		output, unused = "--compare", ours+"--define --goodput"
	case f.Define != "" && f.Format != format.VLLM:
		output, unused = "--define", ours+"--ci --failures"
	case f.Format == "csv" && f.Ledger:
		output, unused = "--ledger --format csv", "--ci --why"
	}
	if flag := env.Typed(strings.Fields(unused)...); flag != "" {
		return fault.Usage("run perf-stats a second time for it", "%s: %s does not show it", flag, output)
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
