//go:build !linux

package cli

import "io"

// WidenPipe does nothing: the capacity of pipes is fixed.
func WidenPipe(io.Writer) {}
