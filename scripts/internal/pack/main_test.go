package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"perfpipe/internal/cli"
)

// TestPack archives two folders with files of different times, and reads them back.
func TestPack(t *testing.T) {
	var sums [2][]byte
	dir := ""
	for i := range sums {
		dir = t.TempDir()
		for _, name := range []string{"tool-linux-arm64/bin/tool", "tool-linux-arm64/LICENSE", "tool-windows-amd64/tool.exe"} {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			mode := os.FileMode(0o700)
			if filepath.Base(name) == "LICENSE" {
				mode = 0o600
			}
			if err := os.WriteFile(path, []byte(name), mode); err != nil {
				t.Fatal(err)
			}
			old := time.Unix(int64(i)*1000, 0)
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}
		if err := run(&cli.Env{Args: []string{dir, "1700000000"}}); err != nil {
			t.Fatal(err)
		}
		var err error
		if sums[i], err = os.ReadFile(filepath.Join(dir, "SHA256SUMS")); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(sums[0], sums[1]) || bytes.Count(sums[0], []byte("\n")) != 2 {
		t.Errorf("the sums are\n%sand then\n%s", sums[0], sums[1])
	}
	want := []string{"tool-linux-arm64/LICENSE -rw-r--r-- 1700000000", "tool-linux-arm64/bin/tool -rwxr-xr-x 1700000000"}
	if got := contents(t, filepath.Join(dir, "tool-linux-arm64.tar.gz")); !slices.Equal(got, want) {
		t.Errorf("the archive has %q", got)
	}
	z, err := zip.OpenReader(filepath.Join(dir, "tool-windows-amd64.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if f := z.File[0]; len(z.File) != 1 || f.Name != "tool-windows-amd64/tool.exe" || f.Modified.Unix() != 1700000000 {
		t.Errorf("the zip has %d files, the first %s of %v", len(z.File), f.Name, f.Modified)
	}
}

// contents lists an archive: name, mode and time.
func contents(t *testing.T, path string) []string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	gz, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for r := tar.NewReader(gz); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(r); err != nil || string(body) != h.Name {
			t.Errorf("%s has %q, %v", h.Name, body, err)
		}
		list = append(list, fmt.Sprint(h.Name, " ", h.FileInfo().Mode(), " ", h.ModTime.Unix()))
	}
}
