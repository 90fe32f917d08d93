//go:build unix

package cpuwatch

import (
	"syscall"
	"time"
)

// Time returns the CPU time of this process so far, user and system.
func Time() time.Duration {
	var ru syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &ru)
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}
