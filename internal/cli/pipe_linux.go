package cli

import (
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

// pipeBytes is the capacity of an output pipe. With the default of 64 KiB, writer and reader wait for each other at
// every write, which costs more than the data.
const pipeBytes = 1 << 20

// WidenPipe increases the capacity of an output that is a pipe, if the system permits it.
func WidenPipe(w io.Writer) {
	c, ok := w.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeBytes) }) // fails for a file
}
