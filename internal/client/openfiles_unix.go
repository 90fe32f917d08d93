//go:build unix

package client

import (
	"math"
	"syscall"
)

// fileLimit returns how many files this process may have open, 0 if there is no limit. Go raises the soft limit to the
// hard one when a program starts.
func fileLimit() int {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil || uint64(l.Cur) > math.MaxInt32 {
		return 0
	}
	return int(l.Cur)
}
