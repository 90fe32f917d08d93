package http1

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestTLSRecords(t *testing.T) {
	record := func(n int) string { return fmt.Sprintf("\x17\x03\x03%c%c", n>>8, n&255) + strings.Repeat("x", n) }
	all := record(1) + record(300) + record(0) + record(7)
	ends := map[int]bool{6: true, 311: true, 316: true, 328: true}
	for from := 0; from <= len(all); from++ {
		for to := from; to <= len(all); to++ {
			var r tlsRecords
			r.received([]byte(all[:from]))
			r.received([]byte(all[from:to]))
			want := 0
			for end := range ends {
				if from < end && end <= to {
					want++
				}
			}
			if r.ends != want || r.one() != (want == 1 && ends[to]) {
				t.Fatalf("bytes %d to %d: %d ends, one %v; want %d, one %v", from, to, r.ends, r.one(), want, want == 1 && ends[to])
			}
		}
	}
}

// cutConn writes at most n bytes at a time.
type cutConn struct {
	net.Conn
	n int
}

func (c cutConn) Write(b []byte) (done int, err error) {
	for len(b) > 0 && err == nil {
		var n int
		n, err = c.Conn.Write(b[:min(c.n, len(b))])
		done, b = done+n, b[n:]
		time.Sleep(time.Microsecond) // most pieces are read one by one
	}
	return done, err
}

// A response over TLS is complete, wherever its records are cut, and whether it is one record or several.
func TestTLSRecordsCut(t *testing.T) {
	pieces := []string{"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n", "0123456789", "0123456789", "01234567890123456789"}
	whole := strings.Join(pieces, "")
	for n := 1; n < 80; n += 3 {
		c := listenOver(t, true, func(c net.Conn) net.Conn { return cutConn{c, n} },
			func(_ int, c net.Conn, r *bufio.Reader) {
				for k := 0; take(r) != ""; k++ {
					if k%2 == 0 {
						io.WriteString(c, whole)
						continue
					}
					for _, p := range pieces {
						io.WriteString(c, p)
					}
				}
			})
		for k := range 4 {
			timing, err := c.ask()
			if err != nil || timing.Received != int64(len(whole)) {
				t.Fatalf("pieces of %d bytes, exchange %d: received %d bytes of %d, %v", n, k, timing.Received, len(whole), err)
			}
		}
	}
}

// TLS that breaks within a response is neither a failure to connect nor a server without TLS. That TLS answers it with
// an alert does not change when the request was sent.
func TestTLSBreaks(t *testing.T) {
	const wait = 50 * time.Millisecond
	for _, garbage := range []string{
		"\x17\x03\x03\x00\x20" + strings.Repeat("x", 32), "HTTP/1.1 500 no\r\n\r\n",
	} {
		c := listen(t, true, func(_ int, conn net.Conn, r *bufio.Reader) {
			take(r)
			io.WriteString(conn, chunkedHead)
			time.Sleep(wait)
			io.WriteString(raw(conn), garbage)
			r.ReadByte()
		})
		timing, err := c.ask()
		if got := kindOf(err); !strings.HasPrefix(got, "tls: the TLS connection to "+c.origin.addr+" broke: ") {
			t.Error(got)
		}
		if timing.Send == 0 || timing.Send >= wait {
			t.Errorf("sent in %v", timing.Send)
		}
	}
}
