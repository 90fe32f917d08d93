package cli

import (
	"os"
	"slices"
	"strings"
)

// ColorFlag is embedded in the flags of commands that color words of their output.
type ColorFlag struct {
	Color string `enum:"auto,always,never" default:"auto" group:"output" help:"Color words such as FAIL: auto (on a terminal, unless NO_COLOR is set), always or never."`
}

// Colors reports whether to color the output to a stream.
func (f *ColorFlag) Colors(stream any) bool {
	switch f.Color {
	case "always":
		return true
	case "never":
		return false
	}
	return IsTerminal(stream) && os.Getenv("NO_COLOR") == ""
}

// The words that Stress colors, as a reader must not miss them.
var (
	badWords   = []string{"FAIL", "WORSE", "bottleneck", "too short", "cannot tell"}
	doubtWords = []string{"strained", "interrupted"}
)

// Stress colors a cell or a message that begins with one of those words.
func Stress(text string) string {
	begins := func(word string) bool { return strings.HasPrefix(text, word) }
	color := ""
	switch {
	case slices.ContainsFunc(badWords, begins):
		color = "\x1b[31m"
	case slices.ContainsFunc(doubtWords, begins):
		color = "\x1b[33m"
	default:
		return text
	}
	return color + text + "\x1b[0m"
}
