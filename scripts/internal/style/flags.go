package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"strings"
)

// flagName matches the long name of a flag in a text.
var flagName = regexp.MustCompile(`(?:^|[^\w-])(--[a-z][\w-]*)`)

// flagFiles are the files below internal that may name flags, except for internal/cli, whose subject they are.
var flagFiles = map[string]string{
	"internal/launch/engine.go":        "starts servers with their own flags",
	"internal/launch/memory.go":        "runs nvidia-smi",
	"internal/servermetrics/amd.go":    "runs amd-smi",
	"internal/servermetrics/nvidia.go": "runs nvidia-smi",
	"internal/sniff/sniff.go":          "has the commands of other programs that make a file readable",
	"internal/track/mlflow.go":         "has the commands that start a server of MLflow",
}

// flags reports flags in strings of a package that does not define them: its messages name a setting and a reason, for
// which the command has the flag and the hint. An exception that no longer needs to be one is a finding, too.
func flags(fset *token.FileSet, name string, f *ast.File) (found []finding) {
	if !strings.HasPrefix(name, "internal/") || strings.HasPrefix(name, "internal/cli/") ||
		strings.HasSuffix(name, "_test.go") {
		return nil
	}
	for n := range ast.Preorder(f) {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			continue
		}
		if m := flagName.FindStringSubmatch(strings.Trim(lit.Value, "\"`")); m != nil {
			text := fmt.Sprintf("%s; want a setting or a reason (fault.Of), and the flag in hints.txt", m[1])
			found = append(found, finding{name, fset.Position(lit.Pos()).Line, "flag", text})
		}
	}
	switch reason, excepted := flagFiles[name]; {
	case !excepted:
		return found
	case found == nil:
		return []finding{{name, 1, "flag", fmt.Sprintf("names none: delete the exception (%s)", reason)}}
	}
	return nil
}
