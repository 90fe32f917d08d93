package main

import (
	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
)

// endings are the file name endings that choose a format.
func endings() map[string]string {
	return map[string]string{
		".html": "html", ".htm": "html", ".svg": "svg", ".png": "png", ".txt": "term", ".csv": "csv", ".json": "vega",
	}
}

// chooseFormat settles --format: the one that was typed, else that of the output's name, else html. A page or a picture
// is not written to a terminal: a typed one is refused, and otherwise the terminal gets its own format.
func (f *flags) chooseFormat(terminal bool) (err error) {
	terminal = terminal && f.Output == ""
	if terminal && (f.Format == "html" || f.Format == "png") {
		return fault.Usage("-o FILE."+f.Format+" writes a file; --format term draws here",
			"--format %s: stdout is a terminal", f.Format)
	}
	if f.Format, err = cli.Format(f.Output, f.Format, endings()); err != nil {
		return err
	}
	switch {
	case f.Format != "":
	case terminal:
		f.Format = "term"
	default:
		f.Format = "html"
	}
	return f.checkFormat()
}

// checkFormat refuses flags that the format has no use for.
func (f *flags) checkFormat() error {
	switch {
	case f.Format == "png" && f.Lang == "zh":
		return fault.Usage("--format svg has its text as text", "--lang zh: the font of PNG images has no Chinese letters")
	case f.Width < 0:
		return fault.Usage("", "--width: %d is below 0", f.Width)
	case f.Width > 0 && f.Format != "term":
		return fault.Usage("--format term is text of a width", "--width: only --format term has columns, not %s", f.Format)
	case f.Facts != "" && len(f.Files) > 1:
		return fault.Usage("", "--facts: the facts belong to one run, and there are %d files", len(f.Files))
	case f.Metrics != "" && len(f.Files) > 1:
		return fault.Usage("", "--metrics: the metrics belong to one run, and there are %d files", len(f.Files))
	}
	return nil
}
