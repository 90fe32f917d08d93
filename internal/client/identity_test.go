package client

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"perfpipe/internal/clock"
	"perfpipe/internal/load"
	"perfpipe/internal/request"
)

// seen is a server that keeps the header of each request and answers with the next of its status codes.
type seen struct {
	mu     sync.Mutex
	heads  []http.Header
	status []int
}

func (s *seen) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heads = append(s.heads, r.Header.Clone())
	status := 200
	if n := len(s.heads); n <= len(s.status) {
		status = s.status[n-1]
	}
	w.Header().Set("X-Request-Id", r.Header.Get("X-Request-Id")) // as vLLM repeats it
	if r.Header.Get("X-Own") != "" {
		w.Header().Set("Request-Id", "req_1")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write([]byte(`{"id":"chatcmpl-7","choices":[{"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]}`))
}

// all returns the headers seen so far.
func (s *seen) all() []http.Header {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.heads)
}

func identify(t *testing.T, s *seen, change func(*Config), reqs ...*load.Request) []*load.Record {
	t.Helper()
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	u, _ := url.Parse(srv.URL)
	cfg := Config{URL: u, SessionHeaders: []string{defaultSessionHeader}}
	if change != nil {
		change(&cfg)
	}
	c := New(cfg, clock.New())
	t.Cleanup(c.Close)
	var recs []*load.Record
	for _, r := range reqs {
		r.Body = []byte(`{"model":"m","messages":[{"role":"user","content":"x"}]}`)
		recs = append(recs, c.Do(context.Background(), r))
	}
	return recs
}

func TestRequestIDs(t *testing.T) {
	for _, plain := range []bool{false, true} {
		s := &seen{status: []int{200, 200, 200, 503, 200, 200}}
		line := func(id string, seq int64, headers map[string]string) *load.Request {
			r := load.NewRequest(request.Request{ID: id, Headers: headers})
			if seq >= 0 {
				r.RunID, r.Seq = "run", seq
			}
			return r
		}
		recs := identify(t, s, func(c *Config) { c.Retries, c.plain = 1, plain },
			line("run-0", -1, nil), line("a", 1, nil), line("run-8", 2, nil), line("run-3", -1, nil),
			line("a", 4, map[string]string{"X-Request-ID": "mine"}))
		var got, noted []string
		for _, h := range s.all() {
			got = append(got, h.Get("X-Request-Id"))
		}
		for _, r := range recs {
			noted = append(noted, r.RequestID)
		}
		if want := []string{"run-0", "a-run-1", "run-8-2", "run-3", "run-3-try2", "mine"}; !slices.Equal(got, want) {
			t.Errorf("plain %v: sent %q, want %q", plain, got, want)
		}
		if want := []string{"", "a-run-1", "run-8-2", "run-3-try2", ""}; !slices.Equal(noted, want) {
			t.Errorf("plain %v: noted %q, want %q", plain, noted, want)
		}
	}
}

func TestServerIDs(t *testing.T) {
	for _, c := range []struct{ headers, want string }{{"", "chatcmpl-7"}, {"1", "req_1"}} {
		s := new(seen)
		r := load.NewRequest(request.Request{ID: "a"})
		if c.headers != "" {
			r.Headers = map[string]string{"X-Own": c.headers}
		}
		if rec := identify(t, s, nil, r)[0]; rec.ServerID != c.want {
			t.Errorf("%q, want %q", rec.ServerID, c.want)
		}
	}
}

func TestSessionHeaders(t *testing.T) {
	for _, plain := range []bool{false, true} {
		s := new(seen)
		var reqs []*load.Request
		for _, final := range []bool{false, true} {
			r := load.NewRequest(request.Request{ID: "a"})
			r.Of, r.Final = "s#2", final
			reqs = append(reqs, r)
		}
		own := load.NewRequest(request.Request{ID: "a", Headers: map[string]string{"x-session-id": "mine"}})
		own.Of = "s"
		identify(t, s, func(c *Config) {
			c.SessionHeaders = []string{defaultSessionHeader, dynamoSession}
			c.plain = plain
		}, append(reqs, own, load.NewRequest(request.Request{ID: "a"}))...)
		var got []string
		for _, h := range s.all() {
			got = append(got, strings.Join([]string{h.Get("X-Session-Id"), h.Get("X-Dynamo-Session-Id"),
				h.Get("X-Dynamo-Session-Final")}, " "))
		}
		if want := []string{"s#2 s#2 ", "s#2 s#2 true", "mine s ", "  "}; !slices.Equal(got, want) {
			t.Errorf("plain %v: %q, want %q", plain, got, want)
		}
	}
}

// A sub-agent is a session of its own for Dynamo, below that of the agent that began it.
func TestDynamoSessions(t *testing.T) {
	for _, plain := range []bool{false, true} {
		s := new(seen)
		var reqs []*load.Request
		for _, agents := range [][2]string{{"", ""}, {"a", ""}, {"a/b", "a"}, {"x\ny", ""}} {
			r := load.NewRequest(request.Request{ID: "r"})
			r.Of, r.Agent, r.Parent = "s", agents[0], agents[1]
			reqs = append(reqs, r)
		}
		identify(t, s, func(c *Config) {
			c.SessionHeaders = []string{dynamoSession, defaultSessionHeader}
			c.plain = plain
		}, reqs...)
		var got []string
		for _, h := range s.all() {
			got = append(got, strings.Join([]string{h.Get("X-Dynamo-Session-Id"), h.Get("X-Dynamo-Parent-Session-Id"),
				h.Get("X-Session-Id")}, " "))
		}
		if want := []string{"s  s", "s/a s s", "s/a/b s/a s", "s/x_y s s"}; !slices.Equal(got, want) {
			t.Errorf("plain %v: %q, want %q", plain, got, want)
		}
	}
}

// A request that is sent again, since the server had closed the kept connection, is another HTTP request.
func TestResentRequestID(t *testing.T) {
	var mu sync.Mutex
	var ids []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		ids = append(ids, r.Header.Get("X-Request-Id"))
		n := len(ids)
		mu.Unlock()
		if n == 2 {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			conn.Close()
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"choices":[{"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]}`))
	}))
	defer srv.Close()
	u, _ := url.Parse(srv.URL)
	c := New(Config{URL: u}, clock.New())
	defer c.Close()
	for i, want := range []string{"", "run-1-try2"} {
		r := load.NewRequest(request.Request{ID: []string{"run-0", "run-1"}[i]})
		r.Body = []byte(`{"model":"m","messages":[{"role":"user","content":"x"}]}`)
		if rec := c.Do(t.Context(), r); !rec.OK || rec.RequestID != want {
			t.Errorf("request %d: %q, want %q (%+v)", i, rec.RequestID, want, rec.Error)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"run-0", "run-1", "run-1-try2"}; !slices.Equal(ids, want) {
		t.Errorf("sent %q, want %q", ids, want)
	}
}
