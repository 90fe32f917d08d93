package client

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// The key is sent to the servers' own pages only, also after redirects.
func TestPages(t *testing.T) {
	saw := make(chan http.Header, 1)
	answer := func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Host", r.Host)
		saw <- r.Header
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/metrics", http.StatusFound)
		}
	}
	own, other := httptest.NewServer(http.HandlerFunc(answer)), httptest.NewServer(http.HandlerFunc(answer))
	defer own.Close()
	defer other.Close()
	u, err := url.Parse(own.URL + "/v1/chat/completions")
	if err != nil {
		t.Fatal(err)
	}
	c := newTest(t, u, false, func(c *Config) {
		c.APIKey, c.Headers = "sk-api-key", map[string]string{"X-Tenant": "t", "Host": "model.example"}
	})
	pages := c.Pages(map[string]string{"X-Other": "o"})
	for _, at := range []struct {
		url, key, tenant, other, host string
		status                        int
	}{
		{own.URL + "/metrics", "Bearer sk-api-key", "t", "", "model.example", 200},
		{other.URL + "/metrics", "", "", "o", strings.TrimPrefix(other.URL, "http://"), 200},
		{own.URL + "/moved", "Bearer sk-api-key", "t", "", "model.example", 302},
		{strings.Replace(other.URL, "//", "//me:pw@", 1) + "/metrics", "Basic bWU6cHc=", "", "o",
			strings.TrimPrefix(other.URL, "http://"), 200},
	} {
		resp, err := pages.Get(at.url)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		h := <-saw
		if resp.StatusCode != at.status || h.Get("Authorization") != at.key || h.Get("X-Tenant") != at.tenant ||
			h.Get("X-Other") != at.other ||
			h.Get("Host") != at.host || h.Get("Content-Type") != "" {
			t.Errorf("%s: %d %v", at.url, resp.StatusCode, h)
		}
	}
	own.Close()
	if _, err := pages.Get(own.URL + "/metrics"); err == nil || !strings.HasSuffix(err.Error(),
		"connection refused by "+u.Host) {
		t.Errorf("%v", err)
	}
}

// A page that the server compressed without being asked is read.
func TestCompressedPage(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		if r.URL.Path == "/broken" {
			io.WriteString(w, "x 1\n")
			return
		}
		z := gzip.NewWriter(w)
		io.WriteString(z, "x 1\n")
		z.Close()
	}))
	defer srv.Close()
	pages := newTest(t, mustParse(srv.URL), false, nil).Pages(nil)
	resp, err := pages.Get(srv.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "x 1\n" {
		t.Errorf("%q %v", b, err)
	}
	if _, err := pages.Get(srv.URL + "/broken"); err == nil || !strings.Contains(err.Error(),
		"the compressed answer is broken") {
		t.Errorf("%v", err)
	}
}
