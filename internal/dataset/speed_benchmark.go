package dataset

import (
	"context"
	"strings"

	"perfpipe/internal/fastjson"
)

// speedBenchmark is Qwen's speed benchmark: one character repeated to each length, each length twice.
func speedBenchmark(lengths ...int) func(context.Context, *Options) (items, error) {
	return func(_ context.Context, o *Options) (items, error) {
		return func(yield func(*Item, error) bool) {
			for _, n := range lengths {
				it := Item{Text: fastjson.AppendEscaped(nil, strings.Repeat("熵", n))}
				for range 2 {
					if !yield(&it, nil) {
						return
					}
				}
			}
		}, nil
	}
}
