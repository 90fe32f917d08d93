package cli

import "strings"

// Hints returns the function of Env.Hints for a table of hints: lines with a reason, a colon and its text. Text that
// ends a message begins with …, which is left out. Empty lines and those that begin with # are ignored.
func Hints(table string) func(reason string) string {
	hints := map[string]string{}
	for line := range strings.Lines(table) {
		reason, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if ok && !strings.HasPrefix(line, "#") {
			hints[reason] = strings.TrimPrefix(text, "…")
		}
	}
	return func(reason string) string { return hints[reason] }
}
