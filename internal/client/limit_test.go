package client

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"perfpipe/internal/record"
)

// An answer without an end is cut off at the limit, in any kind of content.
func TestAnswerWithoutEnd(t *testing.T) {
	const most = 1 << 20
	zeros := bytes.Repeat([]byte{' '}, 64<<10)
	packed := func(w io.WriteCloser, b *bytes.Buffer) string {
		for range 64 { // 4 MB
			w.Write(zeros)
		}
		w.Close()
		return b.String()
	}
	var g, z bytes.Buffer
	zw, _ := zstd.NewWriter(&z)
	gzipped, zstded := packed(gzip.NewWriter(&g), &g), packed(zw, &z)
	type sender func(w io.Writer) error
	endless := func(first, again string) sender {
		return func(w io.Writer) error {
			_, err := io.WriteString(w, first)
			for again := strings.Repeat(again, 1+4096/len(again)); err == nil; {
				_, err = io.WriteString(w, again)
			}
			return err
		}
	}
	both(t, func(t *testing.T, plain bool) {
		for _, c := range []struct {
			name, head string
			send       sender
			says       string
		}{
			{"body", "Content-Type: application/json\r\n\r\n", endless(`{"choices":"`, "x"), "without an end"},
			{"blank body", "Content-Type: application/json\r\n\r\n", endless("", " "), "without an end"},
			{"event", "Content-Type: text/event-stream\r\n\r\n", endless("data: ", "x"), "without an end"},
			{"event of many lines", "Content-Type: text/event-stream\r\n\r\n", endless("", "data: {\n"), ""},
			{"stream", "Content-Type: text/event-stream\r\n\r\n", endless("", hello), "longer than 1048576 bytes"},
			{"gzip", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n\r\n", endless(gzipped, gzipped),
				"without an end"},
			{"zstd", "Content-Type: application/json\r\nContent-Encoding: zstd\r\n\r\n", endless(zstded, zstded),
				"without an end"},
		} {
			u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
				take(r)
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n"+c.head)
				c.send(conn)
			})
			rec := ask(newTest(t, u, plain, func(c *Config) { c.MaxAnswer = most }))
			if rec.OK || rec.Error.Kind != record.KindProtocol || !strings.Contains(rec.Error.Message, c.says) ||
				rec.BytesReceived > 2*most {
				t.Errorf("%s: %+v, %d bytes received", c.name, rec.Error, rec.BytesReceived)
			}
		}
		u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
			take(r)
			fmt.Fprint(conn, "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n")
			endless(`{"error":{"message":"later"}}`, " ")(conn)
		})
		rec := ask(newTest(t, u, plain, func(c *Config) { c.MaxAnswer = most }))
		if rec.OK || rec.Error.Kind != record.KindHTTP || !strings.Contains(rec.Error.Message, "later") {
			t.Errorf("an error without end: %+v", rec.Error)
		}
	})
}
