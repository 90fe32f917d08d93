package feed_test

import (
	"context"
	"fmt"
	"strings"

	"perfpipe/internal/feed"
)

// A feed of two lines that is repeated without end.
func ExampleStart() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f := feed.Start(ctx, feed.Config{
		Name: "requests.jsonl",
		Input: strings.NewReader(`{"custom_id":"a","body":{"prompt":"one"}}
{"custom_id":"b","body":{"prompt":"two"}}
`),
		Repeat: feed.Loop,
	})
	for range 3 {
		r, err := f.Next(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s %s %s\n", r.Source, r.ID, r.Body)
	}
	// Output:
	// requests.jsonl:1 a {"prompt":"one"}
	// requests.jsonl:2 b {"prompt":"two"}
	// requests.jsonl:1 a {"prompt":"one"}
}
