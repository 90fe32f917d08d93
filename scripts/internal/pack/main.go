// Command pack archives folders without times and owners, so that the same files become the same bytes on every
// machine:
//
//	pack DIR TIME
//
// It replaces each folder in DIR by DIR/NAME.tar.gz, or by DIR/NAME.zip if its name contains windows, and writes
// DIR/SHA256SUMS with the checksums of all files in DIR. TIME is the time of the commit, in seconds since 1970.
package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
	"perfpipe/scripts/internal/archive"
)

func main() { os.Exit(cli.Main("pack", run)) }

func run(env *cli.Env) error {
	if len(env.Args) != 2 {
		return fault.Usage("pack DIR TIME", "a folder and a time are needed")
	}
	dir := env.Args[0]
	seconds, err := strconv.ParseInt(env.Args[1], 10, 64)
	if err != nil {
		return fault.Usage("git log -1 --format=%ct", "TIME: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if err := pack(filepath.Join(dir, e.Name()), time.Unix(seconds, 0).UTC()); err != nil {
			return err
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return sums(dir)
}

// packed is an archive that is being written.
type packed interface {
	add(name string, mode fs.FileMode, body []byte) error
	io.Closer
}

// pack writes the archive of a folder beside it.
func pack(dir string, modified time.Time) error {
	create := func(w io.Writer) packed { return newTar(w, modified) }
	name := dir + ".tar.gz"
	if strings.Contains(filepath.Base(dir), "windows") {
		create = func(w io.Writer) packed { return &zipped{zip.NewWriter(w), modified} }
		name = dir + ".zip"
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	a := create(file)
	err = archive.Walk(dir, func(name string, mode fs.FileMode, body []byte) error {
		return a.add(path.Join(filepath.Base(dir), name), mode, body)
	})
	return errors.Join(err, a.Close(), file.Close())
}

type tarred struct {
	*tar.Writer
	gz       *gzip.Writer
	modified time.Time
}

func newTar(w io.Writer, modified time.Time) packed {
	gz := gzip.NewWriter(w)
	return &tarred{tar.NewWriter(gz), gz, modified}
}

func (t *tarred) add(name string, mode fs.FileMode, body []byte) error {
	err := t.WriteHeader(&tar.Header{
		Name: name, Mode: int64(mode), Size: int64(len(body)), ModTime: t.modified,
	})
	if err != nil {
		return err
	}
	_, err = t.Write(body)
	return err
}

func (t *tarred) Close() error { return errors.Join(t.Writer.Close(), t.gz.Close()) }

type zipped struct {
	*zip.Writer
	modified time.Time
}

func (z *zipped) add(name string, mode fs.FileMode, body []byte) error {
	return archive.AddToZip(z.Writer, name, mode, z.modified, body)
}

// sums writes SHA256SUMS in the format of sha256sum -c.
func sums(dir string) error {
	const name = "SHA256SUMS"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, e := range entries {
		if e.Name() == name {
			continue
		}
		body, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(body), e.Name())
	}
	return os.WriteFile(filepath.Join(dir, name), []byte(b.String()), 0o644)
}
