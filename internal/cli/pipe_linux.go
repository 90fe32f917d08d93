package cli

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// pipeBytes is the capacity of a pipe. With the default of 64 KiB, writer and reader wait for each other at every
// write, which costs more than the data.
const pipeBytes = 1 << 20

// WidenPipe increases the capacity of an input or output that is a pipe, if the system permits it.
func WidenPipe(stream any) {
	c, ok := stream.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeBytes) }) // fails for a file
}
