//go:build unix

package main

import (
	"os"
	"syscall"
)

// run replaces this process by the program. It returns only if that fails.
func run(program string, args []string) error {
	return &os.PathError{Op: "exec", Path: program, Err: syscall.Exec(program, args, os.Environ())}
}
