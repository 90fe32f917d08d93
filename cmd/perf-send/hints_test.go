package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Each reason in a package of perf-send has a hint, and each hint has a reason somewhere. A reason is a string
// literal in the shape of one, such as input-short, in a call or a composite literal.
func TestHints(t *testing.T) {
	sources := files(t)
	given := reasons(sources)
	all := slices.Sorted(maps.Keys(hints()))
	for _, reason := range all {
		if !given[reason] {
			t.Errorf("no package has the reason %s", reason)
		}
	}
	for _, reason := range calls(t, sources) {
		if hint(reason) == "" {
			t.Errorf("%s has no hint", reason)
		}
	}
	if hint("") != "" {
		t.Error("no reason has a hint")
	}
}

// files parses the packages that perf-send imports, directly or not.
func files(t *testing.T) (all []*ast.File) {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}} {{.Dir}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		path, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.HasPrefix(path, "perfpipe/internal/") {
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

// reasons returns the string literals in the files.
func reasons(files []*ast.File) map[string]bool {
	all := map[string]bool{}
	for _, file := range files {
		for n := range ast.Preorder(file) {
			all[literal(n)] = true
		}
	}
	return all
}

// calls returns the reasons that are passed to functions, whose index among the arguments is known.
func calls(t *testing.T, files []*ast.File) (all []string) {
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
	if len(all) < 40 {
		t.Fatalf("only %d reasons found", len(all))
	}
	return all
}
