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
	given := reasons(t)
	all := slices.Sorted(maps.Keys(hints()))
	for _, reason := range all {
		if !given[reason] {
			t.Errorf("no package has the reason %s", reason)
		}
	}
	for _, reason := range calls(t) {
		if hint(reason) == "" {
			t.Errorf("%s has no hint", reason)
		}
	}
	if hint("") != "" {
		t.Error("no reason has a hint")
	}
}

// files parses the packages that perf-send imports, directly or not.
func files(t *testing.T, visit func(ast.Node) bool) {
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
			ast.Inspect(file, visit)
		}
	}
}

// reasons returns the string literals of the packages.
func reasons(t *testing.T) map[string]bool {
	all := map[string]bool{}
	files(t, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, _ := strconv.Unquote(lit.Value)
			all[text] = true
		}
		return true
	})
	return all
}

// calls returns the reasons in calls of functions that take one, by the place of their argument.
func calls(t *testing.T) []string {
	place := map[string]int{"Of": 1, "Invalid": 1, "Because": 1, "Tell": 1, "next": 0, "failFor": 0}
	var all []string
	files(t, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		name := ""
		switch f := call.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		if i, ok := place[name]; ok && i < len(call.Args) {
			if lit, ok := call.Args[i].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, _ := strconv.Unquote(lit.Value); text != "" {
					all = append(all, text)
				}
			}
		}
		return true
	})
	if len(all) < 40 {
		t.Fatalf("only %d reasons found", len(all))
	}
	return all
}
