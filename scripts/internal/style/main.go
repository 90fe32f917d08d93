// Command style reports what in the tree is against the house style, as far as a program can see it: lines that are too
// wide, files and functions that are too long, packages that export too much, comments in an idiom that Go does not
// use, and messages of packages that name flags of the commands. CONTRIBUTING.md has the rules.
package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits. Tests may be longer: a table of cases is data.
const (
	maxColumns  = 120
	maxFile     = 400 // lines
	maxFunction = 60  // lines
	maxExported = 20  // names of a package; more if its doc says "exports" and why
)

// idioms are what comments say in the place of Go's own words. The list is short: it holds what has crept in before.
var idioms = []struct {
	bad  *regexp.Regexp
	good string
}{
	{regexp.MustCompile(`\bgives\b( up\b)?`), "returns, or a verb that says what happens"},
	{regexp.MustCompile(`\b(says|tells) (whether|if)\b`), "reports whether"},
	{regexp.MustCompile(`\b(says|tells) (how|what|where)\b`), "reports, describes, names"},
	{regexp.MustCompile(`\bcomes? to be\b`), "is created"},
	{regexp.MustCompile(`\bfalls? free\b`), "becomes free"},
	{regexp.MustCompile(`\bby heart\b`), "cached"},
	{regexp.MustCompile(`\bso many\b`), "N concurrent requests, the number of …"},
	{regexp.MustCompile(`\bsees? to it\b`), "ensures"},
}

// finding is a place that is against a rule.
type finding struct {
	file string
	line int
	rule string
	text string
}

func main() {
	found, err := check(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "style:", err)
		os.Exit(1)
	}
	slices.SortFunc(found, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line))
	})
	count := map[string]int{}
	for _, f := range found {
		fmt.Printf("%s:%d: %s: %s\n", f.file, f.line, f.rule, f.text)
		count[f.rule]++
	}
	for _, rule := range []string{"columns", "file", "function", "exported", "idiom", "flag"} {
		fmt.Fprintf(os.Stderr, "style: %4d %s\n", count[rule], rule)
	}
	if len(found) > 0 {
		os.Exit(1)
	}
}

// check returns the findings of all files that git tracks below root, except data.
func check(root string) ([]finding, error) {
	out, err := exec.Command("git", "-C", root, "ls-files", "-z").Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	var found []finding
	packages := map[string][]*ast.File{}
	fset := token.NewFileSet()
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		if strings.Contains(name, "testdata/") || strings.Contains(name, "/vectors/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		switch kind(name, text) {
		case "go":
			f, err := parser.ParseFile(fset, name, text, parser.ParseComments)
			if err != nil {
				return nil, err
			}
			code := string(text)
			if strings.HasSuffix(name, "_test.go") {
				code = withoutData(fset, f, code)
			}
			found = append(found, columns(name, code)...)
			found = append(found, goFile(fset, name, f)...)
			found = append(found, flags(fset, name, f)...)
			if !strings.HasSuffix(name, "_test.go") {
				packages[filepath.Dir(name)] = append(packages[filepath.Dir(name)], f)
			}
		case "script":
			found = append(found, columns(name, string(text))...)
			found = append(found, scriptComments(name, string(text))...)
		case "prose":
			found = append(found, columns(name, prose(string(text)))...)
		}
	}
	for dir, files := range packages {
		found = append(found, exported(fset, dir, files)...)
	}
	return found, nil
}

// kind returns "go", "script" or "prose" for a file whose style is checked, or "".
func kind(name string, text []byte) string {
	switch first, _, _ := strings.Cut(string(text[:min(len(text), 80)]), "\n"); {
	case strings.HasSuffix(name, ".go"):
		return "go"
	case strings.HasSuffix(name, ".md"):
		return "prose"
	case strings.HasSuffix(name, ".py"), strings.HasSuffix(name, ".sh"),
		strings.HasPrefix(first, "#!") && (strings.Contains(first, "sh") || strings.Contains(first, "python")):
		return "script"
	}
	return ""
}

// prose returns a Markdown text with its tables, code and comments blanked: those may be wide.
func prose(text string) string {
	lines := strings.SplitAfter(text, "\n")
	code := false
	for i, line := range lines {
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		if code = code != fence; code || fence || strings.HasPrefix(line, "|") || strings.HasPrefix(line, "<!--") ||
			strings.HasPrefix(line, "    ") {
			lines[i] = "\n"
		}
	}
	return strings.Join(lines, "")
}

// withoutData returns a test with its string literals emptied: they are data, such as the events of a stream.
func withoutData(fset *token.FileSet, f *ast.File, text string) string {
	code := []byte(text)
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			from := fset.Position(lit.Pos()).Offset
			for i := range code[from : from+len(lit.Value)] {
				if code[from+i] != '\n' {
					code[from+i] = 0
				}
			}
		}
		return true
	})
	return strings.ReplaceAll(string(code), "\x00", "")
}

// tag matches a struct field with a tag, which Go does not let wrap.
var tag = regexp.MustCompile("^\t\\w+ .*`\\w+:\".*\"`\n$")

// columns counts a tab as one.
func columns(name, text string) (found []finding) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if w := utf8.RuneCountInString(strings.TrimRight(line, "\r\n")); w > maxColumns && !tag.MatchString(line) {
			found = append(found, finding{name, n, "columns", fmt.Sprintf("%d, want at most %d", w, maxColumns)})
		}
	}
	return found
}

// goFile checks comments, and in files that are not tests the length of the file and of its functions.
func goFile(fset *token.FileSet, name string, f *ast.File) (found []finding) {
	for _, group := range f.Comments {
		for _, c := range group.List {
			line := fset.Position(c.Pos()).Line
			for text := range strings.Lines(c.Text) {
				found = append(found, idiom(name, line, text)...)
				line++
			}
		}
	}
	if strings.HasSuffix(name, "_test.go") {
		return found
	}
	if n := fset.Position(f.FileEnd).Line; n > maxFile {
		found = append(found, finding{name, 1, "file", fmt.Sprintf("%d lines, want at most %d", n, maxFile)})
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil || len(fn.Body.List) <= 2 { // a long function of two statements is a table
			continue
		}
		at := fset.Position(fn.Pos())
		if n := fset.Position(fn.End()).Line - at.Line + 1; n > maxFunction {
			found = append(found, finding{name, at.Line, "function",
				fmt.Sprintf("%s has %d lines, want at most %d", fn.Name.Name, n, maxFunction)})
		}
	}
	return found
}

func scriptComments(name, text string) (found []finding) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if _, comment, ok := strings.Cut(line, "# "); ok {
			found = append(found, idiom(name, n, comment)...)
		}
	}
	return found
}

func idiom(name string, line int, comment string) (found []finding) {
	for _, i := range idioms {
		m := i.bad.FindString(strings.ToLower(comment))
		if m != "" && !strings.HasSuffix(m, " up") {
			found = append(found, finding{name, line, "idiom", fmt.Sprintf("%q; Go says: %s", m, i.good)})
		}
	}
	return found
}

// exported checks the number of constants, variables, functions and types that a package exports.
func exported(fset *token.FileSet, dir string, files []*ast.File) []finding {
	if files[0].Name.Name == "main" {
		return nil
	}
	p, err := doc.NewFromFiles(fset, files, dir)
	if err != nil {
		return []finding{{dir, 1, "exported", err.Error()}}
	}
	n := len(p.Funcs) + len(p.Types)
	values := slices.Concat(p.Consts, p.Vars)
	for _, t := range p.Types {
		n += len(t.Funcs)
		values = slices.Concat(values, t.Consts, t.Vars)
	}
	for _, v := range values {
		for _, name := range v.Names {
			if ast.IsExported(name) {
				n++
			}
		}
	}
	if n <= maxExported || strings.Contains(p.Doc, "exports") {
		return nil
	}
	text := fmt.Sprintf(`%d names, want at most %d, or a reason in the package doc ("exports … because")`, n, maxExported)
	return []finding{{dir, 1, "exported", text}}
}
