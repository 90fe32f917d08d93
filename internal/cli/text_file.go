package cli

import (
	"os"
	"strings"

	"perfpipe/internal/fault"
	"perfpipe/internal/sniff"
)

// TextOrFile returns the value of a flag that is TEXT or @FILE.
func TextOrFile(flag, value string) ([]byte, error) {
	path, isFile := strings.CutPrefix(value, "@")
	if !isFile {
		return []byte(value), nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Usage("", "%s: %w", flag, err)
	}
	if err = sniff.Binary(b[:min(len(b), sniff.Head)]); err == nil {
		err = sniff.Text(b)
	}
	if err != nil {
		return nil, fault.WithFileHint(fault.Usage("", "%s %s: %w", flag, value, err), path)
	}
	return sniff.TrimBOM(b), nil
}
