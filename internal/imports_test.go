// Package internal holds docs/architecture.md to the tree: its picture of the layers and its table of packages.
package internal

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of packages in docs/architecture.md")

const (
	module       = "perfpipe/"
	architecture = "../docs/architecture.md"
	tableBegin   = "<!-- packages: go test ./internal -update -->\n"
	tableEnd     = "<!-- /packages -->\n"
)

// never lists imports that the layers would permit, direct or indirect: the stages of the pipe know each other's line
// formats only.
var never = map[string][]string{
	"cmd/perf-gen":   {"record", "load", "client", "stats"},
	"cmd/perf-stats": {"request", "load", "client", "dataset"},
	"cmd/perf-plot":  {"request", "load", "client", "dataset"},
}

type pkg struct {
	path    string // without the module
	doc     string // first sentence
	imports []string
	deps    []string // direct and indirect imports
}

func (p pkg) name() string { return path.Base(p.path) }

// packages returns the packages below internal and cmd that are not for tests alone.
func packages(t *testing.T) []pkg {
	t.Helper()
	const format = `{{if .GoFiles}}{{.ImportPath}}|{{.Doc}}|{{join .Imports " "}}|{{join .Deps " "}}{{end}}`
	out, err := exec.Command("go", "list", "-f", format, module+"internal/...", module+"cmd/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	own := func(list string) (names []string) {
		for name := range strings.FieldsSeq(list) {
			if name, ok := strings.CutPrefix(name, module); ok {
				names = append(names, strings.TrimPrefix(name, "internal/"))
			}
		}
		return names
	}
	var all []pkg
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), "|")
		if len(f) != 4 {
			t.Fatalf("go list printed %q", line)
		}
		p := pkg{strings.TrimPrefix(strings.TrimPrefix(f[0], module), "internal/"), f[1], own(f[2]), own(f[3])}
		if !strings.HasSuffix(p.path, "test") {
			all = append(all, p)
		}
	}
	return all
}

// layers returns the picture of docs/architecture.md: the number of each package's layer, counted from the top.
func layers(t *testing.T, doc string) map[string]int {
	t.Helper()
	_, picture, ok := strings.Cut(doc, "<!-- layers -->\n```\n")
	picture, _, ok2 := strings.Cut(picture, "```")
	if !ok || !ok2 {
		t.Fatalf("%s has no picture below <!-- layers -->", architecture)
	}
	columns := regexp.MustCompile(` {2,}`)
	layer := map[string]int{}
	n := 0
	for line := range strings.Lines(picture) {
		f := columns.Split(strings.TrimRight(line, "\n"), -1)
		if len(f) < 2 {
			t.Fatalf("%s: %q does not have a layer, its packages and their purpose, two blanks apart", architecture, line)
		}
		if f[0] != "" { // else the line continues the layer above
			n++
		}
		for name := range strings.FieldsSeq(f[1]) {
			if _, twice := layer[name]; twice {
				t.Errorf("%s: %s is in two layers", architecture, name)
			}
			layer[name] = n
		}
	}
	return layer
}

// Imports go down or stay within a layer, and each package is in a layer.
func TestLayers(t *testing.T) {
	doc, err := os.ReadFile(architecture)
	if err != nil {
		t.Fatal(err)
	}
	layer := layers(t, string(doc))
	all := packages(t)
	names := map[string]bool{}
	for _, p := range all {
		if names[p.name()] {
			t.Errorf("two packages are named %s", p.name())
		}
		names[p.name()] = true
		if _, ok := layer[p.name()]; !ok {
			t.Errorf("%s: add %s to a layer of the picture", architecture, p.name())
		}
	}
	for name := range layer {
		if !names[name] {
			t.Errorf("%s: no package is named %s", architecture, name)
		}
	}
	for _, p := range all {
		for _, imp := range p.imports {
			if layer[path.Base(imp)] < layer[p.name()] {
				t.Errorf("%s imports %s, which is in a layer above", p.path, imp)
			}
		}
		for _, bad := range never[p.path] {
			if slices.Contains(p.deps, bad) {
				t.Errorf("%s depends on %s, which it must not know", p.path, bad)
			}
		}
	}
}

var step = regexp.MustCompile("(?m)^\\| .* \\| `([a-z0-9_/-]+\\.go)` \\| ((?:`[A-Za-z]+` ?)+)\\|$")

// The files and functions on the paths of a request and a record exist.
func TestPaths(t *testing.T) {
	doc, err := os.ReadFile(architecture)
	if err != nil {
		t.Fatal(err)
	}
	steps := step.FindAllStringSubmatch(string(doc), -1)
	if rows := strings.Count(string(doc), ".go` | `"); len(steps) != rows || rows < 20 {
		t.Errorf("%s: %d of %d steps can be read", architecture, len(steps), rows)
	}
	for _, s := range steps {
		code, err := os.ReadFile("../" + s[1])
		if err != nil {
			t.Error(err)
			continue
		}
		for name := range strings.FieldsSeq(s[2]) {
			name = strings.Trim(name, "`")
			if !regexp.MustCompile(`(?m)^func (\([^)]*\) )?` + name + `[\[(]`).Match(code) {
				t.Errorf("%s: %s has no function %s", architecture, s[1], name)
			}
		}
	}
}

// The table of packages is what go list reports, so that a new import is seen in review.
func TestPackageTable(t *testing.T) {
	text, err := os.ReadFile(architecture)
	if err != nil {
		t.Fatal(err)
	}
	doc := string(text)
	before, rest, ok := strings.Cut(doc, tableBegin)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no table between %q and %q", architecture, tableBegin, tableEnd)
	}
	layer := layers(t, doc)
	all := packages(t)
	slices.SortStableFunc(all, func(a, b pkg) int { return layer[a.name()] - layer[b.name()] })
	var b strings.Builder
	b.WriteString("\n| package | what it does | imports |\n|---|---|---|\n")
	for _, p := range all {
		about := strings.TrimPrefix(strings.TrimPrefix(p.doc, "Package "), "Command ")
		about = strings.TrimPrefix(about, p.name()+" ")
		imports := ""
		if len(p.imports) > 0 {
			imports = "`" + strings.Join(p.imports, "` `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p.path, strings.ReplaceAll(about, "|", "\\|"), imports)
	}
	b.WriteString("\n")
	want := before + tableBegin + b.String() + tableEnd + after
	if *update {
		if err := os.WriteFile(architecture, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if doc != want {
		t.Errorf("%s: the table of packages is out of date: go test ./internal -update", architecture)
	}
}
