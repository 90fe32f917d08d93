package main

import (
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

// pipeBytes is how much an output pipe shall hold. The usual 64 KiB make writer and reader wait for one another at
// every write, which costs more than what is written.
const pipeBytes = 1 << 20

// widen makes an output that is a pipe hold more, where the system lets it.
func widen(w io.Writer) {
	c, ok := w.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeBytes) }) // a file has no such size
}
