package live

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

// tailPause is the time between two looks at the end of a file.
const tailPause = 200 * time.Millisecond

// Tail returns a reader of r that waits at the end of a file for what is appended to it. It ends when the file is
// renamed, as FILE.partial is at the end of a run, replaced or removed. A file that becomes shorter is an error, since
// it has another content. Other readers than regular files are returned as they are.
func Tail(ctx context.Context, r io.Reader) io.Reader {
	f, ok := r.(*os.File)
	if !ok {
		return r
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return r
	}
	return &tail{ctx: ctx, file: f}
}

type tail struct {
	ctx  context.Context
	file *os.File
	read int64 // bytes
}

// Read implements io.Reader.
func (t *tail) Read(p []byte) (int, error) {
	for {
		info, err := t.file.Stat()
		if err != nil {
			return 0, err
		}
		if info.Size() < t.read {
			return 0, fmt.Errorf("%s became shorter while it was read", t.file.Name())
		}
		named, err := os.Stat(t.file.Name()) // before the read, so that nothing is left when the name is gone
		last := err != nil || !os.SameFile(info, named)
		n, err := t.file.Read(p)
		if t.read += int64(n); n > 0 || err != io.EOF || last {
			return n, err
		}
		select {
		case <-time.After(tailPause):
		case <-t.ctx.Done():
			return 0, context.Cause(t.ctx)
		}
	}
}
