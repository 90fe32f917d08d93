package cli

import (
	"cmp"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"perfpipe/internal/fault"
)

// Parse sets flags, a pointer to a kong struct, from the command line, then from the environment (PERF_SEND_URL is
// --url of perf-send), then from --config. It handles --help and --version itself, and then returns an error that Exit
// treats as success.
func (e *Env) Parse(flags any, description string, opts ...kong.Option) error {
	done, out := false, &answers{Writer: e.Stdout}
	opts = append([]kong.Option{
		kong.Name(e.Name), kong.Description(description), kong.Writers(out, e.Stderr),
		kong.Exit(func(int) { done = true }), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}), kong.ValueFormatter(helpOf),
		kong.Vars{"version": e.Name + " " + Version(), "command": e.Name},
		kong.PostBuild(environment), Choices{}, kong.KindMapper(reflect.Float64, kong.MapperFunc(finite)),
	}, opts...)
	k, err := kong.New(flags, opts...)
	if err != nil {
		return err
	}
	parsed, err := k.Parse(e.Args)
	if out.err != nil {
		return out.err
	}
	if done {
		return errDone
	}
	if err != nil {
		// The empty value of an enum means that the flag is not set; the user cannot choose it.
		text := strings.Replace(err.Error(), `one of "",`, "one of ", 1)
		hint := elsewhere(e.Name, text)
		if hint == "" {
			return fault.Usage(e.Name+" --help lists the flags", "%s", text)
		}
		text, _, _ = strings.Cut(text, ", did you mean") // a name that only looks alike
		return fault.Usage(hint, "%s", text)
	}
	for _, l := range endedLists(k.Model, e.Args) {
		e.Say("%s ends before %s, which is read as a file", l[0], l[1])
	}
	for _, p := range parsed.Path {
		if p.Flag != nil && !p.Resolved && !slices.Contains(e.Flags, p.Flag.Name) {
			e.Flags, e.typed = append(e.Flags, p.Flag.Name), append(e.typed, p.Flag)
		}
	}
	return nil
}

// answers is the output of --help and the like. It keeps the first error of a write, which kong ignores or takes for a
// wrong flag.
type answers struct {
	io.Writer
	err error
}

func (a *answers) Write(p []byte) (n int, err error) {
	n, err = a.Writer.Write(p)
	a.err = cmp.Or(a.err, err)
	return n, err
}

// Typed returns the first of the flags, given as --name, that is on the command line, or "". A flag that only the
// environment or a configuration file sets is not: it is meant for the runs that have a use for it.
func (e *Env) Typed(flags ...string) string {
	for _, name := range flags {
		if slices.Contains(e.Flags, strings.TrimPrefix(name, "--")) {
			return name
		}
	}
	return ""
}

// Alone returns a usage error if the command line has a file, or flags that a mode of the command has no use for: all
// but the flag of the mode, those named in uses, and --config.
func (e *Env) Alone(mode, file, hint string, uses ...string) error {
	for _, name := range e.Flags {
		if name != mode && name != "config" && !slices.Contains(uses, name) {
			return fault.Usage(hint, "--%s: has no use for --%s", mode, name)
		}
	}
	if file != "" {
		return fault.Usage(hint, "--%s: has no use for a file, %s", mode, file)
	}
	return nil
}

// Unseen returns the first flag on the command line whose effect an output does not show, given as --name, or "". Its
// tag unseen lists such outputs.
func (e *Env) Unseen(output string) string {
	for _, f := range e.typed {
		if slices.Contains(strings.Fields(f.Tag.Get("unseen")), output) {
			return "--" + f.Name
		}
	}
	return ""
}

// helpOf returns a flag's help with its default, and with the variables that are not derived from its name.
func helpOf(v *kong.Value) string {
	help := strings.TrimSuffix(v.Help, ".")
	if v.HasDefault && v.Default != "" && v.Default != "false" && !strings.Contains(help, "efault") {
		help += " (default: " + v.Default + ")"
	}
	if f := v.Flag; f != nil && len(f.Envs) > 1 {
		help += " ($" + strings.Join(f.Envs[1:], ", $") + ")"
	}
	if help == "" {
		return ""
	}
	return help + "."
}

// Choices maps a flag's name to its values, for shell completion. They do not restrict it.
type Choices map[string][]string

// Apply implements kong.Option.
func (c Choices) Apply(k *kong.Kong) error { return kong.Bind(c).Apply(k) }
