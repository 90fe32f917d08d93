package jsonl

import (
	"io"
	"strings"

	"github.com/goccy/go-json"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Writer writes values as JSON lines, each with one Write call, so that a reader of a pipe never sees half a line.
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

// Appender is implemented by values that encode themselves.
type Appender interface {
	// AppendJSON appends the JSON of the value to b.
	AppendJSON(b []byte) ([]byte, error)
}

// NewWriter returns a Writer that writes to w.
func NewWriter(w io.Writer) *Writer {
	jw := &Writer{w: w}
	jw.enc = json.NewEncoder(&jw.buf)
	jw.enc.SetEscapeHTML(false)
	return jw
}

// Write writes v and a line feed.
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

// Compress returns a writer that compresses to w if name ends in .gz or .zst, or else writes to w unchanged. Close ends
// the compressed stream and does not close w.
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
