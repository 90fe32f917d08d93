package cmd

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the files that the tests compare with")

// block is a fenced block of a document.
type block struct {
	line int
	lang string
	text string
}

// blocks returns the fenced blocks of a document, without those below a comment with a reason not to run them:
// <!-- not run: it needs a GPU -->.
func blocks(doc string) []block {
	var all []block
	var cur *block
	skip := false
	for i, line := range strings.Split(doc, "\n") {
		switch {
		case strings.HasPrefix(line, "```") && cur == nil:
			cur = &block{line: i + 1, lang: strings.TrimPrefix(line, "```")}
		case strings.HasPrefix(line, "```"):
			if !skip {
				all = append(all, *cur)
			}
			cur, skip = nil, false
		case cur != nil:
			cur.text += line + "\n"
		case strings.HasPrefix(line, "<!-- not run: "):
			skip = true
		case line != "":
			skip = false
		}
	}
	return all
}

// TestDocs runs the commands in README and docs. A block of language sh must succeed. In a block of language console
// each line after a prompt ($ ) is run and must print the lines below it, in which … matches anything, and alone on a
// line any number of lines. The server at 127.0.0.1:8000 is the simulator, and a fake serves the hubs.
func TestDocs(t *testing.T) {
	files, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	addr := serveSim(t)
	hub := standInHub(t, map[string]string{"open_qa.jsonl": questions})
	for _, file := range append(files, "../README.md") {
		if strings.HasSuffix(file, ".zh-CN.md") {
			continue // its commands are those of the English page
		}
		doc, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			dir, cache := t.TempDir(), t.TempDir()
			for _, name := range []string{"MODELSCOPE_ENDPOINT", "HF_ENDPOINT"} {
				t.Setenv(name, hub)
			}
			for _, name := range []string{"MODELSCOPE_CACHE", "HF_HOME"} {
				t.Setenv(name, cache)
			}
			for _, b := range blocks(string(doc)) {
				text := strings.ReplaceAll(b.text, "127.0.0.1:8000", addr)
				switch b.lang {
				case "sh":
					if tool := lacking(text); tool != "" {
						t.Logf("%s:%d: not run, for want of %s", file, b.line, tool)
						continue
					}
					if out, err := shell(dir, text); err != nil {
						t.Errorf("%s:%d: %v\n%s", file, b.line, err, out)
					}
				case "console":
					for _, c := range prompts(text) {
						if out, _ := shell(dir, c.command); !matches(c.output, out) {
							t.Errorf("%s:%d: $ %s\nprints\n%swant\n%s", file, b.line, c.command, out, c.output)
						}
					}
				}
			}
		})
	}
}

// lacking returns the name of an optional program that a block uses and this machine lacks, or "".
func lacking(text string) string {
	for _, tool := range []string{"curl", "duckdb"} {
		if _, err := exec.LookPath(tool); err != nil && strings.Contains(text, tool+" ") {
			return tool
		}
	}
	return ""
}

// serveSim starts a simulator for the test and returns its address.
func serveSim(t *testing.T) string {
	cmd := exec.Command(filepath.Join(bin, "perf-send"), "--serve-sim", "127.0.0.1:0", "--sim", "ttft=5ms,itl=1ms")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	var url string
	if _, err := fmt.Fscan(out, &url); err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(url, "http://")
}

func shell(dir, command string) (string, error) {
	cmd := exec.Command("bash", "-o", "pipefail", "-ec", command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

type prompt struct{ command, output string }

func prompts(text string) []prompt {
	var all []prompt
	for line := range strings.Lines(text) {
		if c, ok := strings.CutPrefix(line, "$ "); ok {
			all = append(all, prompt{command: c})
		} else if len(all) > 0 {
			all[len(all)-1].output += line
		}
	}
	return all
}

func matches(pattern, out string) bool {
	re := regexp.QuoteMeta(strings.TrimRight(pattern, "\n"))
	re = regexp.MustCompile(`(?m)^…\n?`).ReplaceAllString(re, `(?s:.*)`)
	re = strings.ReplaceAll(re, "…", `[^\n]*`)
	return regexp.MustCompile(`^` + re + `\s*$`).MatchString(strings.TrimRight(out, "\n"))
}

// TestReadmeLinks checks that README links every document, and that it is short.
func TestReadmeLinks(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte("\n")); n > 200 {
		t.Errorf("README has %d lines", n)
	}
	docs, err := filepath.Glob("../docs/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range docs {
		if link := "(docs/" + filepath.Base(doc) + ")"; !bytes.Contains(text, []byte(link)) {
			t.Errorf("README does not link %s", link)
		}
	}
}

var commands = []string{"perf-gen", "perf-send", "perf-stats", "perf-plot"}

var flagName = regexp.MustCompile(`(?m)^  (?:-\w, |    )?--(\[no-\])?([a-z][a-z0-9-]*)`)

// TestFlagTable compares docs/flags.md, the table of flags by command, with the commands' --help.
func TestFlagTable(t *testing.T) {
	owners := map[string][]string{}
	for _, c := range commands {
		out, err := exec.Command(filepath.Join(bin, c), "--help").Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range flagName.FindAllStringSubmatch(string(out), -1) {
			name := "--" + m[2]
			if !slices.Contains(owners[name], c) {
				owners[name] = append(owners[name], c)
			}
		}
	}
	var names []string
	for name := range owners {
		names = append(names, name)
	}
	slices.Sort(names)
	var b bytes.Buffer
	b.WriteString("# Flags\n\nThe flags of each command. `--help` and `--man` describe them; a test generates this table.\n\n")
	b.WriteString("| flag | perf-gen | perf-send | perf-stats | perf-plot |\n|---|---|---|---|---|\n")
	for _, name := range names {
		fmt.Fprintf(&b, "| `%s` |", name)
		for _, c := range commands {
			mark := " |"
			if slices.Contains(owners[name], c) {
				mark = " x |"
			}
			b.WriteString(mark)
		}
		b.WriteString("\n")
	}
	golden(t, "../docs/flags.md", b.Bytes())
	b.Reset()
	for _, name := range names {
		fmt.Fprintf(&b, "%s %s\n", strings.TrimPrefix(name, "--"), strings.Join(owners[name], " "))
	}
	golden(t, "../internal/cli/owners.txt", b.Bytes()) // for hints about the flags of the other commands
}

// golden compares a file with the content that it should have, or writes it with -update.
func golden(t *testing.T, file string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what --help says: go test ./cmd -run TestFlagTable -update", file)
	}
}
