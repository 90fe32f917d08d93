package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// manFlag is the flag --man, which prints the manual page and ends the command.
type manFlag bool

// BeforeReset implements kong's hook.
func (manFlag) BeforeReset(app *kong.Kong) error { return answer(app, manual(app.Model)) }

// completionFlag is the flag --completion, which prints the completion of a shell and ends the command.
type completionFlag string

// BeforeReset implements kong's hook.
func (completionFlag) BeforeReset(app *kong.Kong, ctx *kong.Context, trace *kong.Path, choices Choices) error {
	shell, _ := ctx.FlagValue(trace.Flag).(completionFlag)
	script, ok := choices.completion(string(shell), app.Model)
	if !ok {
		return fmt.Errorf("%q is none of bash, zsh, fish", string(shell))
	}
	return answer(app, script)
}

func answer(app *kong.Kong, text string) error {
	if _, err := io.WriteString(app.Stdout, text); err != nil {
		return err
	}
	app.Exit(0)
	return nil
}

// visibleFlags returns the flags that --help shows.
func visibleFlags(app *kong.Application) []*kong.Flag {
	var out []*kong.Flag
	for _, f := range app.Flags {
		if !f.Hidden {
			out = append(out, f)
		}
	}
	return out
}

// spellings returns --name, and --no-name if the flag has a negation.
func spellings(f *kong.Flag) []string {
	if f.Tag.Negatable != "" {
		return []string{"--" + f.Name, "--no-" + f.Name}
	}
	return []string{"--" + f.Name}
}

// of returns the values that a flag may have, or nil if there is no list.
func (c Choices) of(f *kong.Flag) []string {
	if f.Enum == "" {
		return c[f.Name]
	}
	var out []string
	for c := range strings.SplitSeq(f.Enum, ",") {
		if c = strings.TrimSpace(c); c != "" {
			out = append(out, c)
		}
	}
	return out
}

// manual returns the manual page in man's macros.
func manual(app *kong.Application) string {
	var b strings.Builder
	about, rest, _ := strings.Cut(app.Help, "\n\n")
	first, more, _ := strings.Cut(strings.TrimSuffix(strings.ReplaceAll(about, "\n", " "), "."), ". ")
	fmt.Fprintf(&b, ".TH %s 1\n.SH NAME\n%s \\- %s\n", strings.ToUpper(app.Name), app.Name, roff(first))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n[\\fIFLAGS\\fR]", app.Name)
	for _, p := range app.Positional {
		fmt.Fprintf(&b, " [\\fI%s\\fR]", roff(strings.ToUpper(p.Name)))
	}
	b.WriteString("\n.SH DESCRIPTION\n" + roff(first) + ".\n")
	for part := range strings.SplitSeq(strings.TrimPrefix(more+".\n\n"+rest, "."), "\n\n") {
		switch {
		case part == "":
		case strings.HasPrefix(part, "  "): // an example
			fmt.Fprintf(&b, ".PP\n.nf\n%s\n.fi\n", roff(part))
		default:
			fmt.Fprintf(&b, ".PP\n%s\n", roff(part))
		}
	}
	b.WriteString(".SH OPTIONS\n")
	for _, g := range grouped(app) {
		if g.title != "" {
			fmt.Fprintf(&b, ".SS %s\n", roff(g.title))
		}
		for _, f := range g.flags {
			b.WriteString(option(f))
		}
	}
	b.WriteString(".SH EXIT STATUS\n0 done, also when some requests failed; 1 failed, or every request failed, " +
		"or a gate was missed; 2 wrong usage; 130 interrupted\n")
	return b.String()
}

type groupOfFlags struct {
	title string
	flags []*kong.Flag
}

// grouped returns the flags by heading, those without one first.
func grouped(app *kong.Application) []groupOfFlags {
	all := []groupOfFlags{{}}
	for _, f := range visibleFlags(app) {
		title := ""
		if f.Group != nil {
			title = strings.TrimSuffix(f.Group.Title, ":")
		}
		i := slices.IndexFunc(all, func(g groupOfFlags) bool { return g.title == title })
		if i < 0 {
			i = len(all)
			all = append(all, groupOfFlags{title: title})
		}
		all[i].flags = append(all[i].flags, f)
	}
	return all
}

// option returns the entry of one flag.
func option(f *kong.Flag) string {
	s := ".TP\n"
	if f.Short != 0 {
		s += fmt.Sprintf("\\fB\\-%c\\fR, ", f.Short)
	}
	s += fmt.Sprintf("\\fB%s\\fR", roff(strings.Join(spellings(f), ", ")))
	if !f.IsBool() {
		s += fmt.Sprintf(" \\fI%s\\fR", roff(strings.Trim(f.FormatPlaceHolder(), `"`)))
	}
	help := strings.TrimSuffix(helpOf(f.Value), ".")
	if len(f.Envs) > 0 {
		help += " ($" + f.Envs[0] + ")"
	}
	return s + "\n" + roff(help) + ".\n"
}

// roff escapes text so that no line is read as a macro.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
