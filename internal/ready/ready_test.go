package ready

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"perfpipe/internal/client"
	"perfpipe/internal/clock"
	"perfpipe/internal/load"
	"perfpipe/internal/request"
)

// A server that starts is waited for, until it answers or the time is over; why is said once.
func TestWaitReady(t *testing.T) {
	var looks atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if looks.Add(1) <= 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer srv.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	for _, c := range []struct{ url, want, says string }{
		{srv.URL, "", "waiting for the server: GET " + srv.URL + "/health: HTTP 503\nthe server is ready after 0s\n"},
		{"http://" + gone.Addr().String(), "after 0s: connection refused by " + gone.Addr().String(),
			"waiting for the server: connection refused by " + gone.Addr().String() + "\n"},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		cl := client.New(client.Config{URL: u}, clock.New())
		defer cl.Close()
		var told strings.Builder
		w := NewWaiter(200*time.Millisecond, func(format string, args ...any) {
			fmt.Fprintf(&told, format+"\n", args...)
		})
		w.pause = time.Millisecond
		got := ""
		if err := w.Servers(t.Context(), cl.Pages(nil), []*url.URL{u}); err != nil {
			got = err.Error()
		} else {
			w.Done()
		}
		if got != c.want || told.String() != c.says {
			t.Errorf("%s: %s\n%s", c.url, got, told.String())
		}
	}
}

// silent starts a server that answers nothing, and returns its URL and a client of it.
func silent(t *testing.T) (*url.URL, *client.Client) {
	t.Helper()
	over := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-over }))
	t.Cleanup(srv.Close)
	t.Cleanup(func() { close(over) })
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	cl := client.New(client.Config{URL: u}, clock.New())
	t.Cleanup(func() { cl.Close() })
	return u, cl
}

// A look at a server that answers nothing ends with the time of --wait-ready.
func TestSilentServerIsNotReady(t *testing.T) {
	u, cl := silent(t)
	w := NewWaiter(20*time.Millisecond, func(string, ...any) {})
	w.pause = time.Millisecond
	if err := w.Servers(t.Context(), cl.Pages(nil), []*url.URL{u}); err == nil || time.Since(w.begin) >= lookTimeout {
		t.Errorf("%v after %v", err, time.Since(w.begin))
	}
}

// A server that takes a request and answers nothing ends the test in its own time.
func TestSilentServer(t *testing.T) {
	u, cl := silent(t)
	req := load.NewRequest(request.Request{Body: []byte(`{"model":"m","messages":[]}`)})
	rec := cl.Test(t.Context(), req, 20*time.Millisecond)
	want := fmt.Sprintf("%s did not answer within 20ms", u.Host)
	if rec.OK || rec.Error.Kind != "total_timeout" || rec.Error.Message != want {
		t.Errorf("%+v, want %s", rec.Error, want)
	}
}
