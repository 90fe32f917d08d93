// Command launcher runs the program perf-gen in its own folder under its own name. In a Python wheel, which has no
// links, perf-gen contains all commands (scripts/multicall), and the others are copies of this one.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err == nil {
		program := filepath.Join(filepath.Dir(self), "perf-gen"+filepath.Ext(self))
		err = run(program, append([]string{self}, os.Args[1:]...))
	}
	fmt.Fprintf(os.Stderr, "%s: %v\nhint: reinstall the package perfpipe\n", filepath.Base(os.Args[0]), err)
	os.Exit(1)
}
