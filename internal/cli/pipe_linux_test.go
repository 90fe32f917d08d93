package cli

import (
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestInputWidensPipes(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	size := func() int {
		n, err := unix.FcntlInt(w.Fd(), unix.F_GETPIPE_SZ, 0)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if _, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, pipeBytes); err != nil {
		t.Skipf("no pipe of this size: %v", err)
	}
	if _, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	e := &Env{Stdin: r}
	if _, _, _, err := e.Input("-", func(r io.Reader) (io.Reader, error) { return r, nil }); err != nil {
		t.Fatal(err)
	}
	if got := size(); got != pipeBytes {
		t.Errorf("the pipe has %d bytes, want %d", got, pipeBytes)
	}
}
