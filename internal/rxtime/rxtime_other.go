//go:build !linux

package rxtime

// Enable does nothing.
func Enable(int) {}
