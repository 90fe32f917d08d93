//go:build unix

package client

import (
	"syscall"
	"time"
)

// CPUTime is the processor time of this process so far, user and system.
func CPUTime() time.Duration {
	ru := usage()
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}

// usage is what the system counts of this process; all zero where it does not.
func usage() (ru syscall.Rusage) {
	syscall.Getrusage(syscall.RUSAGE_SELF, &ru)
	return ru
}
