package client

import (
	"bufio"
	"io"
	"net"
	"testing"

	"perfpipe/internal/record"
)

// The kernel's view of a connection is in the record, unless it is not wanted.
func TestKernelView(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
			for take(r) != "" {
				io.WriteString(conn, chunked(hello, stop, counts, done))
			}
		})
		for _, no := range []bool{false, true} {
			rec := ask(newTest(t, u, plain, func(c *Config) { c.NoTCPInfo = no }))
			if !rec.OK {
				t.Fatalf("%+v", rec.Error)
			}
			known := rec.Says(record.KeyRetransmits) && rec.RTTMs > 0 && rec.RTTMinMs > 0 && rec.RTTMinMs <= rec.RTTMs
			if known == no || no && (rec.RTTMs > 0 || rec.Says(record.KeyRetransmits)) {
				t.Errorf("NoTCPInfo %v: rtt %v, least %v, retransmits %v", no, rec.RTTMs, rec.RTTMinMs, rec.Retransmits)
			}
			if rec.SendMs < 0 || !plain && rec.SendMs > rec.TTFTMs {
				t.Errorf("send_ms %v with ttft_ms %v", rec.SendMs, rec.TTFTMs)
			}
		}
	})
}
