package cli

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"perfpipe/internal/visible"
)

// completion returns the completion script of a shell, and false for an unknown shell.
func (c Choices) completion(shell string, app *kong.Application) (script string, ok bool) {
	switch shell {
	case "bash":
		return c.bash(app), true
	case "zsh":
		return c.zsh(app), true
	case "fish":
		return c.fish(app), true
	}
	return "", false
}

// bash completes flags and the values of enums, and files everywhere else.
func (c Choices) bash(app *kong.Application) string {
	var names []string
	var cases strings.Builder
	for _, f := range visibleFlags(app) {
		names = append(names, spellings(f)...)
		if values := c.of(f); values != nil {
			const format = "\t--%s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n"
			fmt.Fprintf(&cases, format, f.Name, strings.Join(values, " "))
		}
	}
	function := "_" + strings.ReplaceAll(app.Name, "-", "_")
	return fmt.Sprintf(`%s() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	COMPREPLY=()
	case $prev in
%s	esac
	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W '%s' -- "$cur"))
	fi
}
complete -o default -F %s %s
`, function, cases.String(), strings.Join(names, " "), function, app.Name)
}

// zsh passes each flag with its description to _arguments.
func (c Choices) zsh(app *kong.Application) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#compdef %s\n_arguments -S", app.Name)
	// _arguments treats these specially within the brackets.
	escape := strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`)
	for _, f := range visibleFlags(app) {
		for _, name := range spellings(f) {
			spec := fmt.Sprintf("*%s[%s]", name, escape.Replace(f.Help))
			if values := c.of(f); values != nil {
				spec += ":value:(" + strings.Join(values, " ") + ")"
			} else if !f.IsBool() {
				spec += ":value:_files"
			}
			b.WriteString(" \\\n\t" + visible.Quoted(spec))
		}
	}
	b.WriteString(" \\\n\t'*:file:_files'\n")
	return b.String()
}

// fish writes one line per flag.
func (c Choices) fish(app *kong.Application) string {
	var b strings.Builder
	for _, f := range visibleFlags(app) {
		for _, name := range spellings(f) {
			fmt.Fprintf(&b, "complete -c %s -l %s", app.Name, strings.TrimPrefix(name, "--"))
			if f.Short != 0 && name == "--"+f.Name {
				fmt.Fprintf(&b, " -s %c", f.Short)
			}
			if values := c.of(f); values != nil {
				fmt.Fprintf(&b, " -x -a '%s'", strings.Join(values, " "))
			} else if !f.IsBool() {
				b.WriteString(" -r")
			}
			// Within single quotes fish knows two escapes.
			fmt.Fprintf(&b, " -d '%s'\n", strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(f.Help))
		}
	}
	return b.String()
}
