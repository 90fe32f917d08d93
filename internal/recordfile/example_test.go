package recordfile_test

import (
	"fmt"
	"os"
	"path/filepath"

	"perfpipe/internal/partial"
	"perfpipe/internal/record"
	"perfpipe/internal/recordfile"
)

// A run writes two records, and another one resumes the file.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "records.jsonl")
	create := func(path string) *partial.File { return partial.Create(path, partial.Options{Append: true}) }

	file, err := recordfile.Open(create(path), path)
	if err != nil {
		panic(err)
	}
	w := recordfile.NewWriter(file)
	for seq := range int64(2) {
		err := w.Emit(&record.Record{ID: fmt.Sprint("request-", seq), Seq: seq, OK: true})
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}

	file, sent, err := recordfile.Resume(path, create)
	if err != nil {
		panic(err)
	}
	fmt.Println(sent.Records, "records")
	file.Abort() // nothing to append
	// Output: 2 records
}
