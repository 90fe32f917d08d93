package stats

import (
	"bytes"
	"io"
	"sync"
)

// blockSize is the size of the blocks that workers read, in bytes. A block is small enough to stay in the cache of a
// core until it is parsed.
const blockSize = 128 << 10

// block is a sequence of whole lines of an input.
type block struct {
	n    int    // index in the input, from 0
	line int    // number of its first line, from 1
	data []byte // the lines
}

// input is what workers read and parse together. One of them at a time reads; it reads ahead of the others, so that
// none of them waits for a block while there is one to parse, and parses blocks itself when it is far enough ahead.
// With one worker, every block is parsed as soon as it is read.
type input struct {
	name  string
	ahead int // blocks that may wait to be parsed while another one is read

	mu      sync.Mutex
	changed sync.Cond // a block waits, or reading has ended, or the last block is parsed
	reading bool      // a worker reads; what reader holds belongs to it
	ended   bool      // no more blocks are read
	waiting []block
	open    int // blocks that wait or are being parsed
	free    [][]byte
	reader  blockReader
}

func newInput(r io.Reader, name string, workers int) *input {
	in := &input{name: name, ahead: 2 * (workers - 1), reader: blockReader{r: r, line: 1}}
	in.changed.L = &in.mu
	return in
}

// blocks yields the blocks that the calling worker is to parse. It passes every block to parsed afterwards.
func (in *input) blocks(yield func(block) bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for {
		mayRead := !in.reading && !in.ended
		switch n := len(in.waiting); {
		case mayRead && (n < in.ahead || n == 0):
			in.read()
		case n > 0:
			b := in.waiting[0]
			in.waiting = append(in.waiting[:0], in.waiting[1:]...)
			in.mu.Unlock()
			yield(b)
			in.mu.Lock()
		case in.ended:
			return
		default:
			in.changed.Wait()
		}
	}
}

// read reads a block. It releases in.mu while it waits for data.
func (in *input) read() {
	var buf []byte
	if n := len(in.free); n > 0 {
		buf, in.free = in.free[n-1], in.free[:n-1]
	}
	in.reading = true
	in.mu.Unlock()
	b, ok := in.reader.next(buf)
	in.mu.Lock()
	in.reading = false
	if in.ended { // meanwhile; nobody waits for this block
		return
	}
	if in.ended = !ok; ok {
		in.waiting = append(in.waiting, b)
		in.open++
	}
	in.changed.Broadcast()
}

// parsed reports that a block is parsed, and its buffer free. An err ends reading.
func (in *input) parsed(b block, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.free = append(in.free, b.data)
	in.open--
	in.ended = in.ended || err != nil
	if in.ended {
		in.changed.Broadcast()
	}
}

// stop ends reading. A worker whose Read blocks, for example on a pipe without data, is abandoned.
func (in *input) stop() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.ended = true
	in.changed.Broadcast()
}

// wait returns the reader's error, or nil, when reading has ended and all blocks are parsed.
func (in *input) wait() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	for !in.ended || in.open > 0 {
		in.changed.Wait()
	}
	if in.reading {
		return nil
	}
	return in.reader.err
}

// blockReader reads blocks of lines.
type blockReader struct {
	r    io.Reader
	n    int    // blocks that were read
	line int    // number of the next block's first line, from 1
	rest []byte // the start of a line at the end of the last block
	err  error  // of r, after which there are no blocks
}

// next returns the next block, which is in buf if it has room. It does not wait to fill it, so that lines from a pipe
// are processed immediately. It reports false at the end.
func (r *blockReader) next(buf []byte) (b block, ok bool) {
	used, end := len(r.rest), 0
	buf = append(buf[:0], r.rest...)
	buf = buf[:cap(buf)]
	for end == 0 && r.err == nil {
		if used == len(buf) {
			buf = append(buf, make([]byte, max(blockSize, used))...) // at first, or a single line fills the buffer
		}
		var got int
		got, r.err = r.r.Read(buf[used:])
		if i := bytes.LastIndexByte(buf[used:used+got], '\n'); i >= 0 {
			end = used + i + 1
		}
		used += got
	}
	if r.err == io.EOF { // the last line may lack a line end, unless an error cut it off
		end = used
	}
	b = block{r.n, r.line, buf[:end]}
	r.n++
	r.line += bytes.Count(b.data, []byte{'\n'})
	r.rest = append(r.rest[:0], buf[end:used]...)
	return b, end > 0
}
