package main

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"llmperf/internal/cli"
)

// endings are the endings of file names that choose a format.
func endings() map[string]string {
	return map[string]string{
		".txt": "table", ".json": "json", ".csv": "csv", ".md": "markdown", ".html": "html", ".prom": "prometheus", ".xml": "junit",
	}
}

// chooseFormat settles --format: the one that was typed, else that of the output's name, else a table. A name that
// promises another format than the typed one is an error, and so is one that promises a format that there is not.
func (f *flags) chooseFormat() error {
	ending := strings.ToLower(filepath.Ext(f.Output))
	byName := endings()[ending]
	switch {
	case f.Format == "evalscope": // which writes a folder
	case f.Output == "" || f.Output == "-" || strings.HasPrefix(f.Output, "/dev/") || ending == "":
		byName = ""
	case f.Format != "" && byName != "" && byName != f.Format:
		return cli.Usage("leave out --format, or choose another name", "--format %s: the name %s is that of %s", f.Format, f.Output, byName)
	case f.Format == "" && byName == "":
		return cli.Usage("the endings are "+strings.Join(slices.Sorted(maps.Keys(endings())), ", ")+"; with --format any name will do",
			"-o %s: no format ends in %s", f.Output, ending)
	}
	switch {
	case f.Format != "":
	case byName != "":
		f.Format = byName
	default:
		f.Format = "table"
	}
	return nil
}
