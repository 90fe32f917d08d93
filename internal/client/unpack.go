package client

import (
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"perfpipe/internal/record"
)

// acceptEncoding is the Accept-Encoding of Config.Compressed.
const acceptEncoding = "gzip, zstd"

// maxWindow is the window that HTTP permits a zstd encoder, bytes (RFC 9659).
const maxWindow = 8 << 20

// unpacker decompresses a body that is pushed to it as it is received. The decoder is a coroutine that runs while
// there is input: push returns when it has passed on all that a piece of the body completes, which so has the time of
// that piece.
type unpacker struct {
	in   []byte
	end  bool
	out  func(b []byte) bool // reports whether more is wanted
	err  error
	next func() (struct{}, bool)
	stop func()
}

// codingOf returns the compression that a Content-Encoding names; empty: none. Some servers put other values there.
func codingOf(encoding string) string {
	var codings []string
	for name := range strings.SplitSeq(strings.ToLower(encoding), ",") {
		switch name = strings.TrimSpace(name); name {
		case "", "identity", "none", "utf-8", "utf8", "binary", "chunked", "aws-chunked":
		default:
			codings = append(codings, name)
		}
	}
	return strings.Join(codings, ", ")
}

// answerStarts are the first bytes of JSON, events and pages. A compressed body begins with none of them.
const answerStarts = "{[deir:< \r\n\xef"

// openCoding starts the decompression of a body unless its first byte shows that it is not compressed: gateways exist
// that decompress a body and forward its head.
func (r *reply) openCoding(first byte) {
	coding := r.coding
	r.coding = ""
	if (coding == "gzip" || coding == "x-gzip" || coding == "zstd") && strings.IndexByte(answerStarts, first) >= 0 {
		return
	}
	if r.unpack = newUnpacker(coding, r.input); r.unpack == nil {
		r.fail(fail(record.KindProtocol, "the answer is compressed in an unknown way (%s)", coding))
	}
}

// newUnpacker returns nil if the encoding is not known.
func newUnpacker(encoding string, out func([]byte) bool) *unpacker {
	var open func(io.Reader) (io.Reader, error)
	switch encoding {
	case "gzip", "x-gzip":
		open = func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }
	case "zstd":
		open = func(r io.Reader) (io.Reader, error) {
			d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
				zstd.WithDecoderMaxWindow(maxWindow))
			if err != nil {
				return nil, err
			}
			return d.IOReadCloser(), nil
		}
	default:
		return nil
	}
	u := &unpacker{out: out}
	u.next, u.stop = iter.Pull(func(yield func(struct{}) bool) {
		u.err = u.run(readFunc(func(b []byte) (int, error) {
			for len(u.in) == 0 {
				if u.end || !yield(struct{}{}) {
					return 0, io.EOF
				}
			}
			n := copy(b, u.in)
			u.in = u.in[n:]
			return n, nil
		}), open)
	})
	return u
}

// readFunc is a function as an io.Reader.
type readFunc func([]byte) (int, error)

// Read implements io.Reader.
func (f readFunc) Read(b []byte) (int, error) { return f(b) }

func (u *unpacker) run(r io.Reader, open func(io.Reader) (io.Reader, error)) error {
	d, err := open(r)
	if err == io.EOF { // an empty body
		return nil
	}
	if err != nil {
		return err
	}
	if c, ok := d.(io.Closer); ok {
		defer c.Close()
	}
	buf := make([]byte, 16<<10)
	for {
		n, err := d.Read(buf)
		if n > 0 {
			if !u.out(buf[:n]) {
				return errors.New("its rest is not wanted")
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (u *unpacker) push(b []byte) {
	u.in = b
	u.next()
	u.in = nil
}

// close ends the body. It returns an error if the compressed data does not end there.
func (u *unpacker) close() error {
	u.end = true
	u.next()
	u.stop()
	switch {
	case errors.Is(u.err, io.ErrUnexpectedEOF):
		return fail(record.KindTruncated, "the compressed answer is cut off")
	case u.err != nil:
		return fail(record.KindProtocol, "the compressed answer is broken: %w", u.err)
	}
	return nil
}
