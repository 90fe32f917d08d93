package cpuwatch

import (
	"time"

	"golang.org/x/sys/unix"
)

// suspended returns for how long the system has been suspended since it was booted, which Go's clock does not count.
func suspended() time.Duration {
	var boot, mono unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &mono) != nil {
		return 0
	}
	return time.Duration(boot.Nano() - mono.Nano())
}
