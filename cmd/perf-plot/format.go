package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"llmperf/internal/cli"
)

// endings are the file name endings that choose a format.
func endings() map[string]string {
	return map[string]string{
		".html": "html", ".htm": "html", ".svg": "svg", ".png": "png", ".txt": "term", ".csv": "csv", ".json": "vega",
	}
}

// chooseFormat settles --format: the one that was typed, else that of the output's name, else html. A page or a picture
// is not written to a terminal: a typed one is refused, and otherwise the terminal gets its own format.
func (f *flags) chooseFormat(terminal bool) error {
	byName, err := formatOf(f.Output)
	if err != nil && f.Format == "" {
		return err
	}
	terminal = terminal && f.Output == ""
	switch {
	case f.Format != "" && byName != "" && f.Format != byName:
		return cli.Usage(fmt.Sprintf("leave out --format: the name's ending chooses %s", byName),
			"--format %s: the name %s is that of another format", f.Format, f.Output)
	case f.Format != "":
		if terminal && (f.Format == "html" || f.Format == "png") {
			return cli.Usage("-o FILE."+f.Format+" writes a file; --format term draws here",
				"--format %s: stdout is a terminal", f.Format)
		}
	case byName != "":
		f.Format = byName
	case terminal:
		f.Format = "term"
	default:
		f.Format = "html"
	}
	return f.checkFormat()
}

// formatOf is the format that a file name's ending chooses; "" if it has none.
func formatOf(output string) (string, error) {
	ending := strings.ToLower(filepath.Ext(output))
	if ending == "" || output == "-" || strings.HasPrefix(output, "/dev/") {
		return "", nil
	}
	if format, ok := endings()[ending]; ok {
		return format, nil
	}
	return "", cli.Usage("with --format any name will do", "-o %s: no format ends in %s; the endings are %s", output, ending,
		strings.Join(slices.Sorted(maps.Keys(endings())), ", "))
}

// checkFormat refuses flags that the format has no use for.
func (f *flags) checkFormat() error {
	switch {
	case f.Format == "png" && f.Lang == "zh":
		return cli.Usage("--format svg has its text as text", "--lang zh: the font of PNG images has no Chinese letters")
	case f.Width < 0:
		return cli.Usage("", "--width: %d is below 0", f.Width)
	case f.Width > 0 && f.Format != "term":
		return cli.Usage("--format term is text of a width", "--width: only --format term has columns, not %s", f.Format)
	case f.Facts != "" && len(f.Files) > 1:
		return cli.Usage("", "--facts: the facts belong to one run, and there are %d files", len(f.Files))
	case f.Metrics != "" && len(f.Files) > 1:
		return cli.Usage("", "--metrics: the metrics belong to one run, and there are %d files", len(f.Files))
	}
	return nil
}
