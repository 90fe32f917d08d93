//go:build unix

package cli

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// ttyTurn is the turn of a process to draw on a terminal: an advisory lock of the terminal's device. Processes of one
// pipe share their terminal, and two that redraw lines of it would overwrite each other's.
type ttyTurn struct{ tty *os.File } // nil: the terminal cannot be locked, and each process draws

// openTurn opens the terminal anew, since a lock belongs to an open file, and those of one shell share theirs.
func openTurn(w io.Writer) ttyTurn {
	f, ok := w.(*os.File)
	if !ok {
		return ttyTurn{}
	}
	path, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(f.Fd())))
	if err != nil {
		return ttyTurn{}
	}
	tty, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return ttyTurn{}
	}
	return ttyTurn{tty}
}

// take reports whether it is this process's turn, which then lasts until release.
func (t ttyTurn) take() bool {
	return t.tty == nil || unix.Flock(int(t.tty.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}

func (t ttyTurn) release() {
	if t.tty != nil {
		_ = unix.Flock(int(t.tty.Fd()), unix.LOCK_UN)
	}
}

// wait takes the turn when others have released it.
func (t ttyTurn) wait() {
	if t.tty != nil {
		_ = unix.Flock(int(t.tty.Fd()), unix.LOCK_EX)
	}
}

func (t ttyTurn) close() {
	if t.tty != nil {
		t.tty.Close()
	}
}
