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

// archive writes the files of a folder in the order of their names.
type archive interface {
	add(name string, executable bool, body []byte) error
	io.Closer
}

// pack writes the archive of a folder beside it.
func pack(dir string, modified time.Time) error {
	create := func(w io.Writer) archive { return newTar(w, modified) }
	name := dir + ".tar.gz"
	if strings.Contains(filepath.Base(dir), "windows") {
		create = func(w io.Writer) archive { return &zipped{zip.NewWriter(w), modified} }
		name = dir + ".zip"
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	a := create(file)
	return errors.Join(walk(a, dir), a.Close(), file.Close())
}

func walk(a archive, dir string) error {
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
		return a.add(path.Join(filepath.Base(dir), filepath.ToSlash(rel)), info.Mode()&0o100 != 0, body)
	})
}

func mode(executable bool) fs.FileMode {
	if executable {
		return 0o755
	}
	return 0o644
}

type tarred struct {
	*tar.Writer
	gz       *gzip.Writer
	modified time.Time
}

func newTar(w io.Writer, modified time.Time) archive {
	gz := gzip.NewWriter(w)
	return &tarred{tar.NewWriter(gz), gz, modified}
}

func (t *tarred) add(name string, executable bool, body []byte) error {
	err := t.WriteHeader(&tar.Header{
		Name: name, Mode: int64(mode(executable)), Size: int64(len(body)), ModTime: t.modified,
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

func (z *zipped) add(name string, executable bool, body []byte) error {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: z.modified}
	h.SetMode(mode(executable))
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	_, err = w.Write(body)
	return err
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
