package cli

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"perfpipe/internal/fault"
)

// Format returns the output format: the one set by a flag, else the one of the ending of the output's name, else "". A
// name with the ending of another format, or of none, is an error. A format without an ending may have any name.
func Format(output, typed string, endings map[string]string) (string, error) {
	ending := strings.ToLower(filepath.Ext(output))
	if ending == "" || output == "-" || strings.HasPrefix(output, "/dev/") {
		return typed, nil
	}
	switch byName := endings[ending]; {
	case typed == "" && byName == "":
		known := strings.Join(slices.Sorted(maps.Keys(endings)), ", ")
		return "", fault.Usage("the endings are "+known+"; with --format any name will do",
			"-o %s: no format ends in %s", output, ending)
	case byName != "" && typed != byName && slices.Contains(slices.Collect(maps.Values(endings)), typed):
		return "", fault.Usage("leave out --format, or choose another name",
			"--format %s: the name %s is that of %s", typed, output, byName)
	case typed != "":
		return typed, nil
	default:
		return byName, nil
	}
}
