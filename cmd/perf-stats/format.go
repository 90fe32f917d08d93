package main

import (
	"cmp"

	"perfpipe/internal/cli"
)

// endings are the endings of file names that choose a format.
func endings() map[string]string {
	return map[string]string{
		".txt": "table", ".json": "json", ".csv": "csv", ".md": "markdown", ".html": "html", ".prom": "prometheus", ".xml": "junit",
	}
}

// chooseFormat settles --format: the one that was typed, else that of the output's name, else a table.
func (f *flags) chooseFormat() (err error) {
	if f.Format == "evalscope" { // which writes a folder
		return nil
	}
	f.Format, err = cli.Format(f.Output, f.Format, endings())
	f.Format = cmp.Or(f.Format, "table")
	return err
}
