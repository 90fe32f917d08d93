package cmd

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"perfpipe/internal/cli"
)

// Each reason in a package of a command has a hint, and each hint has a reason somewhere. A reason is a string literal
// in the shape of one, such as input-short, in a call or a composite literal.
func TestHints(t *testing.T) {
	for command, own := range map[string]string{
		"perf-gen": "", "perf-plot": "", "perf-send": "unknown-arrival", "perf-stats": "",
	} {
		t.Run(command, func(t *testing.T) {
			table, err := os.ReadFile(filepath.Join(command, "hints.txt"))
			if err != nil {
				t.Fatal(err)
			}
			hints, sources := cli.Hints(string(table)), files(t, command)
			given := literals(sources)
			for line := range strings.Lines(string(table)) {
				reason, _, _ := strings.Cut(line, ":")
				if hints(reason) != "" && !given[reason] {
					t.Errorf("no package has the reason %s", reason)
				}
			}
			for _, reason := range reasons(sources) {
				if hints(reason) == "" && reason != own {
					t.Errorf("%s has no hint", reason)
				}
			}
		})
	}
}

// files parses a command and the packages that it imports, directly or not.
func files(t *testing.T, command string) (all []*ast.File) {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-f",
		"{{if not .Standard}}{{.ImportPath}} {{.Dir}}{{end}}", "./"+command).Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		path, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.HasPrefix(path, "perfpipe/") {
			continue
		}
		names, _ := filepath.Glob(dir + "/*.go")
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, file)
		}
	}
	return all
}

// literal returns the value of a string literal, and "" for any other node.
func literal(n ast.Node) (text string) {
	if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		text, _ = strconv.Unquote(lit.Value)
	}
	return text
}

// literals returns the string literals in the files.
func literals(files []*ast.File) map[string]bool {
	all := map[string]bool{}
	for _, file := range files {
		for n := range ast.Preorder(file) {
			all[literal(n)] = true
		}
	}
	return all
}

// reasons returns the reasons that are passed to functions, whose index among the arguments is known.
func reasons(files []*ast.File) (all []string) {
	index := map[string]int{"Of": 1, "Invalid": 1, "Because": 1, "Tell": 1, "next": 0, "failFor": 0}
	for _, file := range files {
		for n := range ast.Preorder(file) {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				continue
			}
			name := ""
			switch f := call.Fun.(type) {
			case *ast.Ident:
				name = f.Name
			case *ast.SelectorExpr:
				name = f.Sel.Name
			}
			if i, ok := index[name]; ok && i < len(call.Args) {
				if text := literal(call.Args[i]); text != "" {
					all = append(all, text)
				}
			}
		}
	}
	return all
}
