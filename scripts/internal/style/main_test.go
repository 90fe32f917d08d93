package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

func TestGoFile(t *testing.T) {
	long := "package p\n\n// F gives up.\nfunc F() {\n" + strings.Repeat("\tF()\n", maxFunction) + "}\n"
	for _, c := range []struct{ text, rule string }{
		{"package p\n\n// F gives a number.\nfunc F() {}\n", "idiom"},
		{"package p\n\n// F says whether it is.\nfunc F() {}\n", "idiom"},
		{"package p\n\n// F returns a number.\nvar F = \"gives\"\n", ""},
		{long, "function"},
		{"package p\n" + strings.Repeat("\n", maxFile) + "var x = 1\n", "file"},
	} {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "a.go", c.text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		rule := ""
		for _, found := range goFile(fset, "a.go", f) {
			rule = found.rule
		}
		if rule != c.rule {
			t.Errorf("%.60q breaks %q, want %q", c.text, rule, c.rule)
		}
	}
}

func TestFlags(t *testing.T) {
	const mlflow = "internal/track/mlflow.go"
	for _, c := range []struct {
		name, value string
		want        int
	}{
		{"internal/a/a.go", `"--rate 0 is not above 0"`, 1},
		{"internal/a/a.go", `"at most 5 (--max-errors)"`, 1},
		{"internal/a/a.go", "`run it\n--rate 5`", 1},
		{"internal/a/a.go", `"rate 0 -- not above 0, a--b, ---x, --"`, 0},
		{"internal/a/a_test.go", `"--rate"`, 0},
		{"internal/cli/a.go", `"--rate"`, 0},
		{"cmd/a/a.go", `"--rate"`, 0},
		{mlflow, `"mlflow --port"`, 0},
		{mlflow, `"mlflow"`, 1},
	} {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, c.name, "package p\n\nvar x = "+c.value+"\n", 0)
		if err != nil {
			t.Fatal(err)
		}
		if found := flags(fset, c.name, f); len(found) != c.want {
			t.Errorf("%s: %s: %v, want %d", c.name, c.value, found, c.want)
		}
	}
}

func TestColumns(t *testing.T) {
	wide := strings.Repeat("é", maxColumns)
	if found := columns("a.go", wide+"\n"+wide+"é\n"); len(found) != 1 || found[0].line != 2 {
		t.Errorf("found %v, want line 2 alone", found)
	}
	if found := columns("a.md", prose("| "+wide+" |\n```sh\n"+wide+"é\n```\n")); found != nil {
		t.Errorf("tables and code may be wide, and %v was found", found)
	}
}

func TestWithoutData(t *testing.T) {
	text := "package p\n\nvar x = `" + strings.Repeat("x", maxColumns) + "\ny` + \"" + strings.Repeat("z", maxColumns) + "\"\n"
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "a_test.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := withoutData(fset, f, text); got != "package p\n\nvar x = \n + \n" {
		t.Errorf("%q is left", got)
	}
}

func TestExported(t *testing.T) {
	for _, c := range []struct {
		doc  string
		n    int
		want int
	}{{"Package p.", maxExported, 0}, {"Package p.", maxExported + 1, 1},
		{"Package p exports many names because it is a table.", maxExported + 1, 0}} {
		text := "// " + c.doc + "\npackage p\n\nfunc unexported() {}\n"
		for i := range c.n {
			text += "\nvar A" + strings.Repeat("a", i) + " int\n"
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "a.go", text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if found := exported(fset, "p", []*ast.File{f}); len(found) != c.want {
			t.Errorf("%d names, %q: %v, want %d findings", c.n, c.doc, found, c.want)
		}
	}
}
