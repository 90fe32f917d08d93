package search_test

import (
	"fmt"

	"perfpipe/internal/search"
)

// This server meets its objective with up to 24 concurrent requests.
func ExampleFind() {
	serves := func(parallel float64) (search.Verdict, error) {
		if parallel <= 24 {
			return search.Pass, nil
		}
		return search.Fail, nil
	}
	r, err := search.Find(search.Options{Start: 1, Min: 1, Max: 1024, Whole: true, Precision: 0.02, Runs: 1}, serves)
	fmt.Println(r.Best, r.Fails, len(r.Doubts), err)
	// Output: 24 25 0 <nil>
}
