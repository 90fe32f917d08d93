package main

import (
	"archive/zip"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"perfpipe/scripts/internal/archive"
)

// wheel is a wheel that is being written.
type wheel struct {
	file     *os.File
	zip      *zip.Writer
	modified time.Time
	rows     []string // of RECORD
	err      error    // of the files that were added
}

func create(name string, modified time.Time) (*wheel, error) {
	file, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	w := &wheel{file: file, zip: zip.NewWriter(file), modified: modified}
	w.zip.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestCompression)
	})
	return w, nil
}

// add adds a file. Its errors are those of record.
func (w *wheel) add(name string, mode fs.FileMode, body []byte) {
	hash := sha256.Sum256(body)
	sum := base64.RawURLEncoding.EncodeToString(hash[:])
	w.rows = append(w.rows, fmt.Sprintf("%s,sha256=%s,%d\n", name, sum, len(body)))
	w.write(name, mode, body)
}

func (w *wheel) write(name string, mode fs.FileMode, body []byte) {
	w.err = errors.Join(w.err, archive.AddToZip(w.zip, name, mode, w.modified, body))
}

// addFolder adds the files of a folder.
func (w *wheel) addFolder(dir, as string) error {
	return archive.Walk(dir, func(name string, mode fs.FileMode, body []byte) error {
		w.add(path.Join(as, name), mode, body)
		return w.err
	})
}

// record adds the list of files, which has the checksums of all others, and returns the errors of all additions.
func (w *wheel) record(name string) error {
	slices.Sort(w.rows)
	w.write(name, 0o644, []byte(strings.Join(w.rows, "")+name+",,\n"))
	return w.err
}

func (w *wheel) Close() error { return errors.Join(w.zip.Close(), w.file.Close()) }
