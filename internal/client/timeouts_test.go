package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

func TestTimeouts(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		for _, c := range []struct {
			name   string
			answer string
			change func(*Config)
			kind   string
		}{
			{"silent", "", func(c *Config) { c.ReadTimeout = 20 * time.Millisecond }, record.KindReadTimeout},
			{"slow headers", "HTTP/1.1 200 OK\r\n", func(c *Config) { c.ReadTimeout = 20 * time.Millisecond },
				record.KindReadTimeout},
			{"stall", head + "Transfer-Encoding: chunked\r\n\r\n5\r\ndata:",
				func(c *Config) { c.ReadTimeout = 20 * time.Millisecond }, record.KindReadTimeout},
			{"total", "", func(c *Config) { c.TotalTimeout = 20 * time.Millisecond; c.ReadTimeout = time.Hour },
				record.KindTotalTimeout},
		} {
			u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
				take(r)
				io.WriteString(conn, c.answer)
				r.ReadByte() // until the client goes away
			})
			rec := ask(newTest(t, u, plain, c.change))
			if rec.OK || rec.Error.Kind != c.kind {
				t.Errorf("%s: %+v", c.name, rec.Error)
			}
		}
	})
}

// The read timeout bounds silence: a stream may take longer. The deadline of an earlier request does not end a later
// one.
func TestReadTimeoutIsForSilence(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
			for take(r) != "" {
				io.WriteString(conn, head+"Transfer-Encoding: chunked\r\n\r\n")
				for range 10 {
					time.Sleep(30 * time.Millisecond)
					fmt.Fprintf(conn, "%x\r\n%s\r\n", len(hello), hello)
				}
				fmt.Fprintf(conn, "%x\r\n%s\r\n0\r\n\r\n", len(done), done)
			}
		})
		c := newTest(t, u, plain, func(c *Config) { c.ReadTimeout = 200 * time.Millisecond })
		for range 2 {
			if rec := ask(c); !rec.OK || len(rec.GapUs) != 9 {
				t.Errorf("%+v", rec.Error)
			}
		}
	})
}

func TestCancel(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		asked := make(chan struct{})
		u := script(t, func(_ int, conn net.Conn, r *bufio.Reader) {
			take(r)
			close(asked)
			r.ReadByte()
		})
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() { <-asked; cancel(errors.New("interrupted")) }()
		rec := newTest(t, u, plain, nil).Do(ctx, load.NewRequest(request.Request{Body: []byte(body)}))
		if rec.OK || rec.Error.Kind != record.KindCanceled || rec.Error.Message != "interrupted" {
			t.Errorf("%+v", rec.Error)
		}
	})
}
