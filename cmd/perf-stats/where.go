package main

import (
	"fmt"

	"github.com/goccy/go-json"
	"github.com/itchyny/gojq"

	"perfpipe/internal/fault"
)

// where compiles a jq expression into a choice of lines. As jq's select does, it takes a line if the expression's
// value is neither false nor null.
func where(expression string) (func(line []byte) (bool, error), error) {
	query, err := gojq.Parse(expression)
	if err != nil {
		return nil, fault.Usage(`it is a jq expression, such as '.ok and .labels.tenant == "a"'`, "--where: %w", err)
	}
	code, err := gojq.Compile(query)
	if err != nil {
		return nil, fault.Usage("", "--where: %w", err)
	}
	return func(line []byte) (bool, error) {
		var v any
		if err := json.Unmarshal(line, &v); err != nil {
			return false, fmt.Errorf("not a record: %w", err)
		}
		got, ok := code.Run(v).Next()
		if err, failed := got.(error); failed {
			return false, fmt.Errorf("--where: %w", err)
		}
		return ok && got != nil && got != false, nil
	}, nil
}
