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
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// wheel is a wheel that is being written. The first error stays.
type wheel struct {
	file     *os.File
	zip      *zip.Writer
	modified time.Time
	rows     []string // of RECORD
	err      error
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

func (w *wheel) add(name string, executable bool, body []byte) {
	hash := sha256.Sum256(body)
	sum := base64.RawURLEncoding.EncodeToString(hash[:])
	w.rows = append(w.rows, fmt.Sprintf("%s,sha256=%s,%d\n", name, sum, len(body)))
	w.write(name, executable, body)
}

func (w *wheel) write(name string, executable bool, body []byte) {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: w.modified}
	h.SetMode(0o644)
	if executable {
		h.SetMode(0o755)
	}
	f, err := w.zip.CreateHeader(h)
	if err == nil {
		_, err = f.Write(body)
	}
	w.err = errors.Join(w.err, err)
}

// addFolder adds the files of a folder, in the order of their names.
func (w *wheel) addFolder(dir, as string) error {
	return filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		w.add(path.Join(as, filepath.ToSlash(rel)), info.Mode()&0o100 != 0, body)
		return nil
	})
}

// record adds the list of files, which has the checksums of all but itself.
func (w *wheel) record(name string) error {
	slices.Sort(w.rows)
	w.write(name, false, []byte(strings.Join(w.rows, "")+name+",,\n"))
	return w.err
}

func (w *wheel) Close() error { return errors.Join(w.zip.Close(), w.file.Close()) }
