//go:build unix

package cli

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// ttyTurn is a process's turn to draw on a terminal: an advisory lock of the terminal's device. The processes of a pipe
// share their terminal, and two that redraw lines would overwrite each other's.
type ttyTurn struct{ tty *os.File } // nil if the terminal cannot be locked; every process then draws

// openTurn opens the terminal again, as a lock belongs to an open file, and the commands of one shell share theirs.
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

// take reports whether it is this process's turn, which lasts until release.
func (t ttyTurn) take() bool {
	return t.tty == nil || unix.Flock(int(t.tty.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}

func (t ttyTurn) release() {
	if t.tty != nil {
		_ = unix.Flock(int(t.tty.Fd()), unix.LOCK_UN)
	}
}

// wait takes the turn once others have released it.
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
