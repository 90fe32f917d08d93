package cli

import "perfpipe/internal/fault"

// ParseAll parses each word of a flag. An error names the flag and has the hint.
func ParseAll[T any](flag, hint string, words []string, parse func(string) (T, error)) ([]T, error) {
	var out []T
	for _, word := range words {
		v, err := parse(word)
		if err != nil {
			return nil, fault.Usage(hint, "%s: %w", flag, err)
		}
		out = append(out, v)
	}
	return out, nil
}
