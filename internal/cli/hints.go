package cli

import "strings"

// ParseHints parses a table of hints for Env.Hints: lines with a reason, a colon and its text. Text that ends a message
// begins with …, which is left out. Empty lines and those that begin with # are ignored.
func ParseHints(table string) map[string]string {
	hints := map[string]string{}
	for line := range strings.Lines(table) {
		reason, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if ok && !strings.HasPrefix(line, "#") {
			hints[reason] = strings.TrimPrefix(text, "…")
		}
	}
	return hints
}
