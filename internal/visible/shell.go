package visible

import (
	"strings"
	"unicode"
)

// Shell returns a command line that a shell splits into words. It quotes the words that have more than letters, digits
// and the marks of paths and URLs.
func Shell(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		if quoted[i] = w; w == "" || strings.ContainsFunc(w, special) {
			quoted[i] = Quoted(w)
		}
	}
	return strings.Join(quoted, " ")
}

// Quoted returns a word in quotes that a shell removes.
func Quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// special reports whether a shell, or a user who reads it, may take a character for something else.
func special(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./:=,@%+", r)
}

// Shorten returns text on one line of at most n characters. The last one of text that is cut is an ellipsis.
func Shorten(text string, n int) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return text
}
