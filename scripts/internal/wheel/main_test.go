package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"perfpipe/internal/cli"
)

func TestPEP440(t *testing.T) {
	for v, want := range map[string]string{
		"v1.2.3":                               "1.2.3",
		"v1.2.3-rc.4":                          "1.2.3rc4",
		"v1.2.3-rc4":                           "1.2.3rc4",
		"v1.2.3-alpha.1":                       "1.2.3a1",
		"v1.2.3-beta.12":                       "1.2.3b12",
		"v0.0.0-20060102150405-abcdefabcdef":   "0.0.0.dev20060102150405+gabcdefabcdef",
		"v1.2.4-0.20060102150405-abcdefabcdef": "1.2.4.dev20060102150405+gabcdefabcdef",
		"v1.2.3-rc.1.0.20060102150405-abcdefabcdef": "1.2.3rc1.dev20060102150405+gabcdefabcdef",
		"v1.2.3+dirty": "", "v1.2.3-next": "", "(devel)": "", "1.2.3": "",
	} {
		if got, err := pep440(v); got != want || (err == nil) != (want != "") {
			t.Errorf("%s is %q, %v; want %q", v, got, err, want)
		}
	}
}

// TestWheel writes the same wheel twice, from files of different times, and reads it back.
func TestWheel(t *testing.T) {
	t.Chdir("../../..") // README.md and LICENSE are there
	var wheels [2][]byte
	const name = "perfpipe-1.2.3-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64.whl"
	for i := range wheels {
		dir := t.TempDir()
		for file, mode := range map[string]os.FileMode{
			"programs/perf-gen": 0o755, "programs/perf-send": 0o755, "pages/man/man1/perf-gen.1": 0o600, "notices": 0o644,
		} {
			path := filepath.Join(dir, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(file), mode); err != nil {
				t.Fatal(err)
			}
			old := time.Unix(int64(i)*1000, 0)
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}
		args := []string{dir, "v1.2.3", "1700000000", "linux/amd64", filepath.Join(dir, "programs")}
		if err := run(&cli.Env{Args: args}); err != nil {
			t.Fatal(err)
		}
		var err error
		if wheels[i], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(wheels[0], wheels[1]) {
		t.Error("the same files became other bytes")
	}
	modes, rows, record := contents(t, wheels[0])
	if record != rows+"perfpipe-1.2.3.dist-info/RECORD,,\n" {
		t.Errorf("RECORD is\n%swant\n%s", record, rows)
	}
	for file, want := range map[string]string{
		"perfpipe-1.2.3.data/scripts/perf-send":                     "-rwxr-xr-x",
		"perfpipe-1.2.3.data/data/share/man/man1/perf-gen.1":        "-rw-r--r--",
		"perfpipe/__main__.py":                                      "-rw-r--r--",
		"perfpipe-1.2.3.dist-info/METADATA":                         "-rw-r--r--",
		"perfpipe-1.2.3.dist-info/licenses/LICENSE":                 "-rw-r--r--",
		"perfpipe-1.2.3.dist-info/licenses/THIRD-PARTY-NOTICES.txt": "-rw-r--r--",
	} {
		if modes[file] != want {
			t.Errorf("%s is %q, want %s", file, modes[file], want)
		}
	}
}

// contents returns the modes of the files of a wheel, the rows that RECORD must have, and RECORD.
func contents(t *testing.T, body []byte) (modes map[string]string, rows, record string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	modes = map[string]string{}
	var all []string
	for _, f := range z.File {
		modes[f.Name] = f.Mode().String()
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f.Name, "/RECORD") {
			record = string(text)
			continue
		}
		sum := sha256.Sum256(text)
		all = append(all, fmt.Sprintf("%s,sha256=%s,%d\n", f.Name, base64.RawURLEncoding.EncodeToString(sum[:]), len(text)))
	}
	slices.Sort(all)
	return modes, strings.Join(all, ""), record
}
