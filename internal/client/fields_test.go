package client

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"perfpipe/internal/api"
	"perfpipe/internal/clock"
	"perfpipe/internal/load"
	"perfpipe/internal/record"
	"perfpipe/internal/request"
)

// recordHeads starts a server that records the heads of requests.
func recordHeads(t *testing.T, answer string) (*url.URL, func() string) {
	heads := make(chan string, 100)
	u := script(t, func(n int, c net.Conn, r *bufio.Reader) {
		for {
			var head strings.Builder
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				head.WriteString(line)
				if line == "\r\n" {
					break
				}
			}
			req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head.String())))
			if err != nil {
				heads <- "not a request: " + head.String()
				return
			}
			io.CopyN(io.Discard, r, req.ContentLength)
			heads <- head.String()
			io.WriteString(c, answer)
		}
	})
	return u, func() string { return <-heads }
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 88\r\n\r\n" +
	`{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}],"usage":{"total":1}   }`

func values(head, name string) (all []string) {
	for line := range strings.SplitSeq(head, "\r\n") {
		if n, v, ok := strings.Cut(line, ": "); ok && strings.EqualFold(n, name) {
			all = append(all, v)
		}
	}
	return all
}

// A request has each header once, whoever sets it: the client, the dialect, the key, the URL, the options, the line.
func TestHeadersOnce(t *testing.T) {
	body := []byte(`{"model":"m","messages":[]}`)
	for name, c := range map[string]struct {
		change  func(*Config)
		headers map[string]string
		want    map[string][]string
	}{
		"plain": {want: map[string][]string{"Authorization": nil, "Content-Type": {"application/json"},
			"X-Request-Id": {"a"}, "Connection": nil}},
		"key": {change: func(c *Config) { c.APIKey = "k" },
			want: map[string][]string{"Authorization": {"Bearer k"}}},
		"user": {change: func(c *Config) { c.URL.User = url.UserPassword("me", "p:w") },
			want: map[string][]string{"Authorization": {"Basic bWU6cDp3"}}},
		"user, key": {change: func(c *Config) { c.URL.User = url.User("me"); c.APIKey = "k" },
			want: map[string][]string{"Authorization": {"Basic bWU6"}}},
		"flags": {change: func(c *Config) { c.APIKey = "k"; c.Headers = map[string]string{"authorization": "Token t"} },
			want: map[string][]string{"Authorization": {"Token t"}}},
		"line": {change: func(c *Config) { c.APIKey = "k" },
			headers: map[string]string{"AUTHORIZATION": "Token t"},
			want:    map[string][]string{"Authorization": {"Token t"}}},
		"host": {change: func(c *Config) { c.Headers = map[string]string{"host": "model.example"} },
			want: map[string][]string{"Host": {"model.example"}}},
		"line's host": {change: func(c *Config) { c.Headers = map[string]string{"host": "x"} },
			headers: map[string]string{"HOST": "model.example"}, want: map[string][]string{"Host": {"model.example"}}},
		"type": {headers: map[string]string{"content-type": "application/x-other"},
			want: map[string][]string{"Content-Type": {"application/x-other"}}},
		"id": {headers: map[string]string{"x-request-id": "mine"},
			want: map[string][]string{"X-Request-Id": {"mine"}}},
		"flags' id": {change: func(c *Config) { c.Headers = map[string]string{"X-REQUEST-ID": "mine"} },
			want: map[string][]string{"X-Request-Id": {"mine"}}},
		"close": {headers: map[string]string{"connection": "close"},
			want: map[string][]string{"Connection": {"close"}}},
		"keep": {headers: map[string]string{"connection": "keep-alive"}, want: map[string][]string{"Connection": nil}},
		"anthropic": {change: func(c *Config) { c.API = "anthropic"; c.APIKey = "k" },
			want: map[string][]string{"Authorization": {"Bearer k"}, "X-Api-Key": {"k"},
				"Anthropic-Version": {"2023-06-01"}}},
		"anthropic's": {change: func(c *Config) {
			c.API = "anthropic"
			c.APIKey = "k"
			c.Headers = map[string]string{"anthropic-version": "2030-01-01"}
		},
			want: map[string][]string{"Anthropic-Version": {"2030-01-01"}}},
		"key header": {change: func(c *Config) {
			c.Custom = custom(t,
				`"key_header":"x-goog-api-key"`)
			c.APIKey = "k"
		},
			want: map[string][]string{"Authorization": nil, "X-Goog-Api-Key": {"k"}}},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, plain bool) {
				u, head := recordHeads(t, okAnswer)
				cl := newTest(t, u, plain, c.change)
				cl.Do(context.Background(), load.NewRequest(request.Request{ID: "a", Body: body, Headers: c.headers}))
				got := head()
				for name, want := range c.want {
					if v := values(got, name); !slices.Equal(v, want) {
						t.Errorf("%s is %q, want %q in\n%s", name, v, want, got)
					}
				}
			})
		})
	}
	if h := fieldsOf(&Config{APIKey: "k"}, &url.URL{Scheme: "https", Host: "api.anthropic.com"},
		must(api.ForInput("anthropic", api.Input{Text: "x"})), false); slices.ContainsFunc(h.list,
		func(f field) bool { return f.name == "Authorization" }) {
		t.Errorf("Anthropic's own API gets %+v", h.list)
	}
}

func must(d api.Dialect, ok bool) api.Dialect {
	if !ok {
		panic("no such dialect")
	}
	return d
}

func custom(t *testing.T, keys string) *api.Dialect {
	t.Helper()
	d, err := api.ParseSpec([]byte(`{"path":"/x","read":{"text":".text"},` + keys + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return &d
}

// A request with Connection: close is the last one of its connection.
func TestClose(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		p := startPeer(t, false, nil)
		c := newTest(t, p.url, plain, nil)
		req := func(headers map[string]string) *record.Record {
			return &c.Do(context.Background(),
				load.NewRequest(request.Request{Body: []byte(`{"model":"m","messages":[],"stream":true}`),
					Headers: headers})).Record
		}
		for i, want := range []bool{false, true, false} {
			rec := req(map[string]string{"Connection": []string{"keep-alive", "close", "close"}[i]})
			if !rec.OK || rec.Reused != want {
				t.Errorf("request %d: reused %v, want %v: %+v", i, rec.Reused, want, rec.Error)
			}
		}
	})
}

// A query has no blanks in the request line.
func TestQuery(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		u, head := recordHeads(t, okAnswer)
		u.Path, u.RawQuery = "/v1/chat/completions", "a=b c&d=é&key=%20"
		newTest(t, u, plain, nil).Do(context.Background(),
			load.NewRequest(request.Request{Body: []byte(`{"model":"m","messages":[]}`)}))
		if got, _, _ := strings.Cut(head(),
			"\r\n"); got != "POST /v1/chat/completions?a=b%20c&d=%C3%A9&key=%20 HTTP/1.1" {
			t.Errorf("%s", got)
		}
	})
}

// Secrets that the server sends back are hidden, wherever they came from and wherever they return.
func TestSecretsHidden(t *testing.T) {
	both(t, func(t *testing.T, plain bool) {
		var told strings.Builder
		u := script(t, func(n int, c net.Conn, r *bufio.Reader) {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			io.Copy(io.Discard, req.Body)
			text := `{"error":"no: ` + strings.Join([]string{req.Header.Get("X-Api-Key"),
				req.Header.Get("Authorization"), req.Header.Get("X-Tenant-Secret"),
				req.URL.RawQuery, "the-password"}, " ") + `"}`
			io.WriteString(c, "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n"+text)
		})
		u.Path, u.RawQuery, u.User = "/v1/messages", "key=query-secret&api-version=2024",
			url.UserPassword("me", "the-password")
		c := newTest(t, u, plain, func(c *Config) {
			c.APIKey, c.SaveRequest = "sk-api-key-1", true
			c.Headers = map[string]string{"Cookie": "flag-secret=1"}
			c.Debug = func(id, what string, text []byte) { told.WriteString(what + " " + string(text) + "\n") }
		})
		rec := c.Do(context.Background(), load.NewRequest(request.Request{
			ID: "a", URL: "/v1/messages?token=line-url-secret", Body: []byte(`{"model":"m","messages":[]}`),
			Headers: map[string]string{"X-Tenant-Secret": "line-secret", "X-Route": "kept"},
		}))
		if rec.OK || rec.Error.Kind != record.KindHTTP {
			t.Fatalf("%+v", rec.Error)
		}
		line, err := new(record.Encoder).Append(nil, &rec.Record)
		if err != nil {
			t.Fatal(err)
		}
		all := string(line) + told.String()
		for _, secret := range []string{"query-secret", "the-password", "sk-api-key-1", "flag-secret", "line-secret",
			"line-url-secret", "bWU6"} {
			if strings.Contains(all, secret) {
				t.Errorf("%s is in\n%s", secret, all)
			}
		}
		if want := u.Scheme + "://" + u.Host + "/v1/messages?token=***"; rec.URL != want {
			t.Errorf("url is %s, want %s", rec.URL, want)
		}
		if !strings.Contains(string(rec.Request), `"X-Route":"kept"`) {
			t.Errorf("request is %s", rec.Request)
		}
	})
}

// The URL of a line may name only the configured servers, in any notation.
func TestJoin(t *testing.T) {
	base, _ := url.Parse("http://me:pw@Example.com/v1")
	c := New(Config{URL: base}, clock.New())
	defer c.Close()
	for ref, want := range map[string]string{
		"/v1/x":                       "http://me:pw@Example.com/v1/x",
		"http://example.com:80/v1/x":  "http://me:pw@example.com:80/v1/x",
		"//example.com/v1/x":          "http://me:pw@example.com/v1/x",
		"v1/x":                        "http://me:pw@Example.com/v1/x",
		"http://you@example.com/v1/x": "http://you@example.com/v1/x",
		"https://example.com/v1/x":    "",
		"http://example.com:81/v1/x":  "",
		"http://evil/v1/x?key=secret": "",
		"//evil/v1/x":                 "",
	} {
		u, err := c.prep.join(base, ref)
		if want == "" != (err != nil) || err == nil && u.String() != want {
			t.Errorf("%s: %v %v, want %q", ref, u, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	}
}
