//go:build !unix

package client

// fileLimit returns 0: the limit is not known on this system.
func fileLimit() int { return 0 }
