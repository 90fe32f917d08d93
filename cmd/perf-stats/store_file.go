package main

import (
	"bytes"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/parquet-go/parquet-go"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
)

// partialStore makes the file that a store is written to before it has its name, beside it and under a new name.
func partialStore(path string, mode cli.Mode) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*"+cli.PartialEnd)
	if err != nil {
		return "", err
	}
	return f.Name(), errors.Join(f.Close(), os.Remove(f.Name()), createWith(f.Name(), mode)) // the name is free
}

// replaceable refuses a store that would take the place of what perf-stats did not write: a device, a folder, the
// records, or another program's database.
func replaceable(flag, path string, own func(string) bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fault.Fail("", "%s: %w", flag, err)
	case !info.Mode().IsRegular():
		return fault.Usage("name a file", "%s: %s is not a file", flag, path)
	case info.Size() > 0 && !own(path):
		return fault.Usage("name another file, or remove this one first",
			"%s: %s exists, and perf-stats has not written it", flag, path)
	}
	return nil
}

// beginsWith reports whether a file has the mark of its format.
func beginsWith(path, mark string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(mark))
	_, err = io.ReadFull(f, head)
	return err == nil && bytes.Equal(head, []byte(mark))
}

// ownSQLite reports whether a file is a database with the tables of openSQLite, and no others.
func ownSQLite(path string) bool {
	if !beginsWith(path, "SQLite format 3\x00") {
		return false
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return false
	}
	defer db.Close()
	rows, err := db.Query("SELECT name FROM sqlite_master ORDER BY name")
	if err != nil {
		return false
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var name string
		if rows.Scan(&name) != nil {
			return false
		}
		tables = append(tables, name)
	}
	return rows.Err() == nil && slices.Equal(tables, []string{"record", "summary"})
}

// ownParquet reports whether a file is one of openParquet's, by the columns that every version of it has.
func ownParquet(path string) bool {
	if !beginsWith(path, "PAR1") {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false
	}
	p, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return false
	}
	for _, key := range []string{"seq", "scheduled_us", "sent_us", "latency_ms"} {
		if _, ok := p.Schema().Lookup(key); !ok {
			return false
		}
	}
	return true
}

// checkFiles refuses files that would destroy each other.
func (f *flags) checkFiles(env *cli.Env) error {
	var files []cli.File
	in := f.Files
	if len(in) == 0 {
		in = []string{"-"}
	}
	for _, path := range in {
		files = append(files, cli.File{Name: "an input", Path: path})
	}
	for _, file := range []cli.File{
		{Name: "--metrics", Path: f.Metrics}, {Name: "-o", Path: f.Output, Out: true},
		{Name: "--sqlite", Path: f.SQLite, Out: true}, {Name: "--parquet", Path: f.Parquet, Out: true},
	} {
		if file.Path != "" || file.Name == "-o" {
			files = append(files, file)
		}
	}
	return env.Distinct(files...)
}
