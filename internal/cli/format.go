package cli

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"perfpipe/internal/fault"
)

// Format settles a format: the typed one, else the one that the ending of the output's name chooses, else "". A name that
// promises another format than the typed one is an error, and so is one whose ending no format has.
func Format(output, typed string, endings map[string]string) (string, error) {
	ending := strings.ToLower(filepath.Ext(output))
	if ending == "" || output == "-" || strings.HasPrefix(output, "/dev/") {
		return typed, nil
	}
	switch byName := endings[ending]; {
	case typed == "" && byName == "":
		return "", fault.Usage("the endings are "+strings.Join(slices.Sorted(maps.Keys(endings)), ", ")+"; with --format any name will do",
			"-o %s: no format ends in %s", output, ending)
	case typed != "" && byName != "" && typed != byName:
		return "", fault.Usage("leave out --format, or choose another name", "--format %s: the name %s is that of %s", typed, output, byName)
	case typed != "":
		return typed, nil
	default:
		return byName, nil
	}
}
