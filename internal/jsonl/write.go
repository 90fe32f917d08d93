package jsonl

import (
	"io"
	"strings"

	"github.com/goccy/go-json"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Writer writes values as JSON lines, one Write call a line, so that a reader of a pipe never sees half of one.
type Writer struct {
	w   io.Writer
	enc *json.Encoder
	buf lineBuffer
}

type lineBuffer struct{ b []byte }

func (l *lineBuffer) Write(p []byte) (int, error) {
	l.b = append(l.b, p...)
	return len(p), nil
}

// Appender is a value that writes its own JSON after b.
type Appender interface {
	AppendJSON(b []byte) ([]byte, error)
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer {
	jw := &Writer{w: w}
	jw.enc = json.NewEncoder(&jw.buf)
	jw.enc.SetEscapeHTML(false)
	return jw
}

// Write encodes v and a line feed.
func (w *Writer) Write(v any) error {
	w.buf.b = w.buf.b[:0]
	if a, ok := v.(Appender); ok {
		b, err := a.AppendJSON(w.buf.b)
		if err != nil {
			return err
		}
		w.buf.b = append(b, '\n')
	} else if err := w.enc.Encode(v); err != nil {
		return err
	}
	_, err := w.w.Write(w.buf.b)
	return err
}

// Compress wraps w as the ending of name asks: .gz, .zst, or as it is. Close ends the compressed stream, not w.
func Compress(w io.Writer, name string) (io.WriteCloser, error) {
	switch {
	case strings.HasSuffix(name, ".gz"):
		return gzip.NewWriter(w), nil
	case strings.HasSuffix(name, ".zst"):
		return zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest))
	}
	return nopCloser{w}, nil
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
