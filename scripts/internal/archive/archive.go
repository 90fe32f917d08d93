// Package archive makes archives whose bytes depend only on the files: it reads folders in the order of the names, and
// reduces the mode of a file to whether it is executable.
package archive

import (
	"archive/zip"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Walk calls add for each file in a folder, in the order of their paths, which are relative to the folder and have
// slashes. The mode is 0o755 or 0o644.
func Walk(dir string, add func(name string, mode fs.FileMode, body []byte) error) error {
	return filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
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
		mode := fs.FileMode(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		return add(filepath.ToSlash(rel), mode, body)
	})
}

// AddToZip adds a file to a zip archive.
func AddToZip(z *zip.Writer, name string, mode fs.FileMode, modified time.Time, body []byte) error {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: modified}
	h.SetMode(mode)
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	_, err = w.Write(body)
	return err
}
