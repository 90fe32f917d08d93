//go:build unix && !solaris && !illumos && !aix

package partial

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// renamesOpen reports whether an open file can be renamed.
const renamesOpen = true

// lock excludes other processes that lock f until it is closed. It reports false if one of them has the lock. It
// excludes nobody on file systems without locks.
func lock(f *os.File) bool {
	return !errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
}
