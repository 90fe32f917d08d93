// Package filter compiles jq expressions into filters of JSON lines.
package filter

import (
	"fmt"

	"github.com/goccy/go-json"
	"github.com/itchyny/gojq"

	"perfpipe/internal/fault"
)

// Compile returns a function that reports whether an expression selects a line. As with jq's select, it does if its
// value is neither false nor null. The function is safe for concurrent use. Errors of the expression begin with name.
func Compile(name, expression string) (func(line []byte) (bool, error), error) {
	query, err := gojq.Parse(expression)
	if err != nil {
		return nil, fault.Usage(`it is a jq expression, such as '.ok and .labels.tenant == "a"'`, "%s: %w", name, err)
	}
	code, err := gojq.Compile(query)
	if err != nil {
		return nil, fault.Usage("", "%s: %w", name, err)
	}
	return func(line []byte) (bool, error) {
		var v any
		if err := json.Unmarshal(line, &v); err != nil {
			return false, fmt.Errorf("not a record: %w", err)
		}
		got, ok := code.Run(v).Next()
		if err, failed := got.(error); failed {
			return false, fmt.Errorf("%s: %w", name, err)
		}
		return ok && got != nil && got != false, nil
	}, nil
}
