// Command wheel writes a Python wheel, whose scripts are programs of one platform:
//
//	wheel DIR VERSION TIME PLATFORM PROGRAMS
//
// DIR gets perfpipe-VERSION-py3-none-PLATFORM.whl with the programs of the folder PROGRAMS. VERSION is Go's version of
// the module, TIME that of the commit in seconds since 1970, PLATFORM Go's, such as linux/amd64. The same files become
// the same bytes. It runs in the root of the tree, whose README.md and LICENSE it includes, and beside PROGRAMS it
// expects notices, the licences of all that is linked in, and pages/man with the manual pages.
package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"perfpipe/internal/cli"
	"perfpipe/internal/fault"
)

func main() { os.Exit(cli.Main("wheel", run)) }

//go:embed __init__.py
var initPy []byte

//go:embed __main__.py
var mainPy []byte

func run(env *cli.Env) error {
	if len(env.Args) != 5 {
		return fault.Usage("wheel DIR VERSION TIME PLATFORM PROGRAMS", "five arguments are needed")
	}
	seconds, err := strconv.ParseInt(env.Args[2], 10, 64)
	if err != nil {
		return fault.Usage("git log -1 --format=%ct", "TIME: %w", err)
	}
	version, err := pep440(env.Args[1])
	if err != nil {
		return fault.Usage("git describe", "VERSION: %w", err)
	}
	tags, ok := platforms[env.Args[3]]
	if !ok {
		return fault.Usage("such as linux/amd64", "PLATFORM: %s has no wheel", env.Args[3])
	}
	name := fmt.Sprintf("perfpipe-%s-py3-none-%s.whl", version, strings.Join(tags, "."))
	w, err := create(filepath.Join(env.Args[0], name), time.Unix(seconds, 0).UTC())
	if err != nil {
		return err
	}
	if err := fill(w, version, tags, env.Args[4]); err != nil {
		return errors.Join(err, w.Close(), os.Remove(w.file.Name()))
	}
	return w.Close()
}

// platforms has the tags of each platform. The Linux programs are static, so that any libc will do, and Go's runtime
// sets the oldest macOS.
var platforms = map[string][]string{
	"linux/amd64":   {"manylinux_2_17_x86_64", "manylinux2014_x86_64", "musllinux_1_1_x86_64"},
	"linux/arm64":   {"manylinux_2_17_aarch64", "manylinux2014_aarch64", "musllinux_1_1_aarch64"},
	"darwin/amd64":  {"macosx_12_0_x86_64"},
	"darwin/arm64":  {"macosx_12_0_arm64"},
	"windows/amd64": {"win_amd64"},
	"windows/arm64": {"win_arm64"},
}

// fill adds the files of the wheel.
func fill(w *wheel, version string, tags []string, programs string) error {
	info, data := "perfpipe-"+version+".dist-info/", "perfpipe-"+version+".data/"
	w.add("perfpipe/__init__.py", 0o644, initPy)
	w.add("perfpipe/__main__.py", 0o644, mainPy)
	if err := w.addFolder(programs, data+"scripts"); err != nil {
		return err
	}
	if err := w.addFolder(filepath.Join(filepath.Dir(programs), "pages", "man"), data+"data/share/man"); err != nil {
		return err
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		return err
	}
	w.add(info+"METADATA", 0o644, metadata(version, readme))
	w.add(info+"WHEEL", 0o644, tagsFile(tags))
	licenses := [][2]string{
		{"LICENSE", "LICENSE"}, {filepath.Join(filepath.Dir(programs), "notices"), "THIRD-PARTY-NOTICES.txt"},
	}
	for _, l := range licenses {
		body, err := os.ReadFile(l[0])
		if err != nil {
			return err
		}
		w.add(path.Join(info, "licenses", l[1]), 0o644, body)
	}
	return w.record(info + "RECORD")
}

func metadata(version string, readme []byte) []byte {
	return fmt.Appendf(nil, `Metadata-Version: 2.4
Name: perfpipe
Version: %s
Summary: Load tests for LLM servers: perf-gen | perf-send | perf-stats, and perf-plot
Keywords: llm,benchmark,load-test,vllm,sglang,openai,ttft,evalscope
License-Expression: Apache-2.0
License-File: LICENSE
License-File: THIRD-PARTY-NOTICES.txt
Classifier: Environment :: Console
Classifier: Intended Audience :: Developers
Classifier: Programming Language :: Go
Classifier: Topic :: System :: Benchmark
Requires-Python: >=3.8
Description-Content-Type: text/markdown

%s`, version, readme)
}

func tagsFile(tags []string) []byte {
	b := []byte("Wheel-Version: 1.0\nGenerator: perfpipe\nRoot-Is-Purelib: false\n")
	for _, t := range tags {
		b = fmt.Appendf(b, "Tag: py3-none-%s\n", t)
	}
	return b
}
