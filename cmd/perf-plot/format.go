package main

import (
	"cmp"

	"perfpipe/internal/chart"
	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
)

// endings maps the endings of file names to formats.
func endings() map[string]string {
	return map[string]string{
		".html": "html", ".htm": "html", ".svg": "svg", ".png": "png", ".txt": "term", ".csv": "csv", ".json": "vega",
	}
}

// chooseFormat sets --format: to the typed one, else to that of the output's name, else to html. HTML and PNG are never
// written to a terminal: a typed one is an error, and the default there is term.
func (f *flags) chooseFormat(terminal bool) (err error) {
	terminal = terminal && f.Output == ""
	if terminal && (f.Format == "html" || f.Format == "png") {
		return fault.Usage("-o FILE."+f.Format+" writes a file; --format term draws here",
			"--format %s: stdout is a terminal", f.Format)
	}
	if f.Format, err = cli.Format(f.Output, f.Format, endings()); err != nil {
		return err
	}
	if f.Format == "" && terminal {
		f.Format = "term"
	}
	f.Format = cmp.Or(f.Format, "html")
	return f.checkFormat()
}

// checkFormat returns an error for flags that do not apply to the format.
func (f *flags) checkFormat() error {
	switch {
	case f.Format == "png" && f.Lang == "zh":
		return fault.Usage("--format svg uses the fonts of the viewer",
			"--lang zh: the font of PNG images has no Chinese letters")
	case f.Width != nil && *f.Width < chart.LeastWidth:
		return fault.Usage("", "--width: %d is below %d", *f.Width, chart.LeastWidth)
	case f.Width != nil && f.Format != "term":
		return fault.Usage("--format term is text of a width", "--width: only --format term has columns, not %s", f.Format)
	case f.Title != "" && f.Format != "html":
		return fault.Usage("", "--title: only --format html is a page with a title, not %s", f.Format)
	case f.Facts != "" && len(f.Files) > 1:
		return fault.Usage("", "--facts: the facts belong to one run, and there are %d files", len(f.Files))
	case f.Metrics != "" && len(f.Files) > 1:
		return fault.Usage("", "--metrics: the metrics belong to one run, and there are %d files", len(f.Files))
	}
	return nil
}
