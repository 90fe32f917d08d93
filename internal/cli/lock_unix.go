//go:build unix && !solaris && !illumos && !aix

package cli

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// renamesOpen reports whether an open file can be renamed.
const renamesOpen = true

// lock makes this process the only one that writes f, as long as it is open, or reports false. Where the file system has
// no locks, nobody is kept out.
func lock(f *os.File) bool {
	return !errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
}
