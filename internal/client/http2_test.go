package client

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"perfpipe/internal/record"
)

// Requests beyond the limit of a connection's streams use further connections. None is refused, and waits are recorded.
func TestStreamLimit(t *testing.T) {
	const limit, n = 4, 18
	for _, secure := range []bool{true, false} {
		var all sync.WaitGroup // every request is under way at once
		all.Add(n)
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			all.Done()
			all.Wait()
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, hello+stop+done)
		}))
		srv.EnableHTTP2 = true
		srv.Config.Protocols = new(http.Protocols)
		srv.Config.Protocols.SetHTTP2(true)
		srv.Config.Protocols.SetUnencryptedHTTP2(true)
		srv.Config.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: limit}
		var conns sync.Map
		srv.Config.ConnState = func(c net.Conn, _ http.ConnState) { conns.Store(c, true) }
		if secure {
			srv.StartTLS()
		} else {
			srv.Start()
		}
		t.Cleanup(srv.Close)
		var says []string
		var mu sync.Mutex
		c := newTest(t, mustParse(srv.URL), false, func(c *Config) {
			c.Network.HTTP2, c.Network.TLS = true, &tls.Config{InsecureSkipVerify: true}
			c.Say = func(format string, args ...any) {
				mu.Lock()
				defer mu.Unlock()
				says = append(says, fmt.Sprintf(format, args...))
			}
		})
		recs := make([]*record.Record, n)
		var wg sync.WaitGroup
		for i := range recs {
			wg.Go(func() { recs[i] = ask(c) })
		}
		wg.Wait()
		opened, waited := 0, 0
		for _, r := range recs {
			if !r.OK || r.Attempts != 0 || r.StreamWaitMs > r.TTFTMs {
				t.Errorf("%+v, %d attempts, waited for %g of %g ms", r.Error, r.Attempts, r.StreamWaitMs, r.TTFTMs)
			}
			if r.ConnectMs > 0 {
				opened++
			}
			if r.StreamWaitMs > 0 {
				waited++
			}
		}
		open := 0
		conns.Range(func(any, any) bool { open++; return true })
		if open < (n+limit-1)/limit || opened != open || waited == 0 {
			t.Errorf("TLS %v: %d connections, %d of them in records, %d requests waited", secure, open, opened, waited)
		}
		if len(says) == 0 || !strings.Contains(strings.Join(says, "\n"), "takes 4 streams a connection") {
			t.Errorf("says %q", says)
		}
	}
}

// h2Peer starts a server of HTTP/2 frames. stream answers the request with that id on the connection with number n.
func h2Peer(t *testing.T, stream func(n int, id uint32, f *http2.Framer, c net.Conn),
	settings ...http2.Setting) *Client {
	address := listen(t, func(n int, c net.Conn) {
		io.ReadFull(c, make([]byte, len(http2.ClientPreface)))
		f := http2.NewFramer(c, c)
		f.WriteSettings(settings...)
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			switch frame := frame.(type) {
			case *http2.SettingsFrame:
				if !frame.IsAck() {
					f.WriteSettingsAck()
				}
			case *http2.PingFrame:
				if !frame.IsAck() {
					f.WritePing(true, frame.Data)
					if len(settings) > 0 {
						stream(n, 0, f, c)
					}
				}
			case *http2.DataFrame:
				if frame.StreamEnded() {
					stream(n, frame.StreamID, f, c)
				}
			}
		}
	})
	return newTest(t, mustParse("http://"+address), false, func(c *Config) { c.Network.HTTP2 = true })
}

// answerStream writes a whole stream of events.
func answerStream(f *http2.Framer, id uint32, last bool) {
	var head bytes.Buffer
	e := hpack.NewEncoder(&head)
	e.WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	e.WriteField(hpack.HeaderField{Name: "content-type", Value: "text/event-stream"})
	f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: head.Bytes(), EndHeaders: true})
	f.WriteData(id, last, []byte(hello+stop+done))
}

// A request that an HTTP/2 server did not process is sent again, and so is one that crossed the close of its
// connection.
func TestHTTP2ServerEnds(t *testing.T) {
	for _, e := range []struct {
		name string
		end  func(id uint32, f *http2.Framer, c net.Conn)
	}{
		{"GOAWAY", func(id uint32, f *http2.Framer, c net.Conn) { f.WriteGoAway(id-2, http2.ErrCodeNo, nil) }},
		{"GOAWAY and FIN", func(id uint32, f *http2.Framer, c net.Conn) {
			f.WriteGoAway(id-2, http2.ErrCodeNo,
				nil)
			c.Close()
		}},
		{"refused", func(id uint32, f *http2.Framer, c net.Conn) { f.WriteRSTStream(id, http2.ErrCodeRefusedStream) }},
		{"FIN", func(id uint32, f *http2.Framer, c net.Conn) { c.Close() }},
		{"reset", func(id uint32, f *http2.Framer, c net.Conn) { raw(c).SetLinger(0); c.Close() }},
	} {
		var once sync.Once
		c := h2Peer(t, func(n int, id uint32, f *http2.Framer, conn net.Conn) {
			ended := false
			if id == 3 && n == 0 {
				once.Do(func() { e.end(id, f, conn); ended = true })
			}
			if !ended {
				answerStream(f, id, true)
			}
		})
		first, second, third := ask(c), ask(c), ask(c)
		if !first.OK || !second.OK || second.Attempts != 2 || second.ResentMs <= 0 || !third.OK || third.Attempts != 0 {
			t.Errorf("%s: %+v; %+v, %d attempts; %+v", e.name, first.Error, second.Error, second.Attempts, third.Error)
		}
	}
}

// [DONE] completes a stream that the server does not end, and its connection is reused.
func TestHTTP2EndOfTheAnswer(t *testing.T) {
	c := h2Peer(t, func(n int, id uint32, f *http2.Framer, conn net.Conn) { answerStream(f, id, false) })
	for i := range 2 {
		if rec := ask(c); !rec.OK || rec.UntidyEnd != record.UntidyOpen || rec.Reused != (i == 1) {
			t.Errorf("%+v %+v", rec, rec.Error)
		}
	}
}

func mustParse(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// If a server accepts no streams at present, requests wait on its one connection.
func TestNoStreamsForNow(t *testing.T) {
	said := make(chan string, 1)
	var conns atomic.Int32
	c := h2Peer(t, func(n int, id uint32, f *http2.Framer, conn net.Conn) {
		if id > 0 {
			answerStream(f, id, true)
			return
		}
		conns.Add(1)
		if !strings.Contains(<-said, "takes no streams at present") {
			t.Error("not said")
		}
		f.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 10})
	}, http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 0})
	c.cfg.Say = func(format string, args ...any) {
		if strings.HasPrefix(format, "HTTP/2") {
			said <- fmt.Sprintf(format, args...)
		}
	}
	if rec := ask(c); !rec.OK || conns.Load() != 1 || rec.Attempts != 0 || rec.StreamWaitMs <= 0 {
		t.Errorf("%d connections, %+v %+v", conns.Load(), rec, rec.Error)
	}
}

// The times of HTTP/2 are bounded by those of the kernel, plain and over TLS.
func TestHTTP2Times(t *testing.T) {
	for _, secure := range []bool{false, true} {
		srv := httptest.NewUnstartedServer(streaming)
		srv.EnableHTTP2 = true
		srv.Config.Protocols = new(http.Protocols)
		srv.Config.Protocols.SetHTTP2(true)
		srv.Config.Protocols.SetUnencryptedHTTP2(true)
		if secure {
			srv.StartTLS()
		} else {
			srv.Start()
		}
		defer srv.Close()
		rec := ask(newTest(t, mustParse(srv.URL), false, func(c *Config) {
			c.Network.HTTP2, c.Network.TLS = true, &tls.Config{InsecureSkipVerify: true}
		}))
		if !rec.OK || rec.Clock != "user" || rec.ReadDelayMs == 0 && runtime.GOOS == "linux" {
			t.Errorf("TLS %v: clock %s, delay %v ms, %+v", secure, rec.Clock, rec.ReadDelayMs, rec.Error)
		}
	}
}

// The messages about a stream or connection that the server ended have no names of Go's types.
func TestHTTP2Words(t *testing.T) {
	for want, end := range map[string]func(id uint32, f *http2.Framer, c net.Conn){
		"the server reset the stream: INTERNAL_ERROR": func(id uint32, f *http2.Framer, c net.Conn) {
			f.WriteRSTStream(id, http2.ErrCodeInternal)
		},
		"the server ended the connection: ENHANCE_YOUR_CALM slow down": func(id uint32, f *http2.Framer, c net.Conn) {
			f.WriteGoAway(id, http2.ErrCodeEnhanceYourCalm, []byte("slow down"))
			c.Close()
		},
	} {
		c := h2Peer(t, func(n int, id uint32, f *http2.Framer, conn net.Conn) { end(id, f, conn) })
		if rec := ask(c); rec.OK || rec.Error.Message != want {
			t.Errorf("got %+v, want %s", rec.Error, want)
		}
	}
}

// x/net has errors of its own, without types, for connections that the server has ended.
func TestErrorsOfHTTP2(t *testing.T) {
	for text, want := range map[string]string{
		"http2: client connection force closed via ClientConn.Close": "truncated: the server closed the connection " +
			"before the end of its response",
		"http2: Transport received Server's graceful shutdown GOAWAY": "protocol: the server ended the connection, and " +
			"with it a stream that it had begun to answer",
	} {
		st := &standard{cfg: &Config{Network: Network{HTTP2: true}}}
		e := describe(st.explain(t.Context(), "h:80", errors.New(text)))
		if got := e.Kind + ": " + e.Message; got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}
