package http1

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"perfpipe/internal/rxtime"
)

// sockMsg holds the arguments of recvmsg and sendmsg, so that a call allocates nothing.
//
// The system calls are made by syscall.RawSyscall: x/sys's Recvmsg and Sendmsg allocate, and tell the scheduler of a
// call that never blocks. RawSyscall takes addresses, hence unsafe.Pointer; its rules permit the conversion to uintptr
// within the call expression, which keeps what it points to alive and in place.
type sockMsg struct {
	hdr unix.Msghdr
	iov [2]unix.Iovec
	oob [128]byte // control messages
}

func (m *sockMsg) set(i int, b []byte) {
	m.iov[i].Base = unsafe.SliceData(b)
	m.iov[i].SetLen(len(b))
}

// recv reads into b. stamp is when the kernel received the last of its bytes, ns since the epoch; 0: not known. The
// kernel joins segments that wait to be read and keeps the stamp of the last one, so that smaller reads would not
// return more stamps.
func (m *sockMsg) recv(fd uintptr, b []byte) (n int, stamp int64, errno syscall.Errno) {
	m.set(0, b)
	m.hdr = unix.Msghdr{Iov: &m.iov[0], Control: &m.oob[0]}
	m.hdr.SetIovlen(1)
	m.hdr.SetControllen(len(m.oob))
	r, _, errno := syscall.RawSyscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&m.hdr)), 0)
	m.iov[0].Base = nil
	if errno != 0 {
		return 0, 0, errno
	}
	return int(r), rxtime.Stamp(m.oob[:m.hdr.Controllen]), 0
}

// send writes a, then b, and returns the number of bytes that the kernel took.
func (m *sockMsg) send(fd uintptr, a, b []byte) (n int, errno syscall.Errno) {
	if len(b) == 0 {
		r, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, fd,
			uintptr(unsafe.Pointer(unsafe.SliceData(a))), uintptr(len(a)), unix.MSG_NOSIGNAL, 0, 0)
		return int(r), errno
	}
	m.set(0, a)
	m.set(1, b)
	m.hdr = unix.Msghdr{Iov: &m.iov[0]}
	m.hdr.SetIovlen(2)
	r, _, errno := syscall.RawSyscall(unix.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&m.hdr)), unix.MSG_NOSIGNAL)
	m.iov[0].Base, m.iov[1].Base = nil, nil
	if errno != 0 {
		return 0, errno
	}
	return int(r), 0
}
