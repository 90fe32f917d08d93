package rxtime

import (
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Enable requests the software receive time of each segment of a socket. If the kernel refuses, Stamp returns 0.
func Enable(fd int) {
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPING,
		unix.SOF_TIMESTAMPING_RX_SOFTWARE|unix.SOF_TIMESTAMPING_SOFTWARE)
}

// Stamp returns the receive time among the control messages of a recvmsg, in nanoseconds since the epoch, or 0. It is
// that of the last byte. The casts read the kernel's own layout, the first of three timespecs; x/sys parses control
// messages only into allocated slices.
func Stamp(oob []byte) int64 {
	const hdr = unix.SizeofCmsghdr
	for len(oob) >= hdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&oob[0]))
		size := int(h.Len)
		if size < hdr || size > len(oob) {
			return 0
		}
		const least = hdr + int(unsafe.Sizeof(unix.Timespec{}))
		if h.Level == unix.SOL_SOCKET && h.Type == unix.SO_TIMESTAMPING && size >= least {
			return (*unix.Timespec)(unsafe.Pointer(&oob[hdr])).Nano()
		}
		oob = oob[min(unix.CmsgSpace(size-hdr), len(oob)):]
	}
	return 0
}

// Read implements io.Reader.
func (c *Conn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	var oob [128]byte
	var n, control int
	var failed error
	err := c.raw.Read(func(fd uintptr) bool {
		n, control, _, _, failed = unix.Recvmsg(int(fd), b, oob[:], 0)
		for failed == unix.EINTR {
			n, control, _, _, failed = unix.Recvmsg(int(fd), b, oob[:], 0)
		}
		return failed != unix.EAGAIN
	})
	switch {
	case err != nil:
		return 0, err
	case failed != nil:
		return 0, os.NewSyscallError("read", failed)
	case n == 0:
		return 0, io.EOF
	}
	c.stamp.Store(Stamp(oob[:control]))
	return n, nil
}
