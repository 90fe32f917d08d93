package cli

import (
	"os"
	"strings"

	"github.com/tidwall/gjson"

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

// EachMember calls each for the members of a flag that is a JSON object or @FILE. An empty value has none.
func EachMember(flag, value string, each func(key, value gjson.Result)) error {
	if value == "" {
		return nil
	}
	text, err := TextOrFile(flag, value)
	if err != nil {
		return err
	}
	if !gjson.ValidBytes(text) || !gjson.ParseBytes(text).IsObject() {
		return fault.Usage("", "%s is not a JSON object: %.60q", flag, text)
	}
	gjson.GetBytes(text, "@ugly").ForEach(func(k, v gjson.Result) bool {
		each(k, v)
		return true
	})
	return nil
}
