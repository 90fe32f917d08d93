package client

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"perfpipe/internal/load"
	"perfpipe/internal/request"
)

// prepared returns the endpoint and the body of a line, or the error.
func prepared(t *testing.T, base, line string, change func(*Config)) (where, body string, err error) {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	c := newTest(t, u, false, change)
	parsed, err := request.Parse([]byte(line))
	req := load.NewRequest(parsed)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Prepare(t.Context(), req); err != nil {
		return "", "", err
	}
	return req.Endpoint.(*endpoint).url, string(req.Body), nil
}

func TestEndpoints(t *testing.T) {
	const host = "http://h:1"
	chat := `{"model":"m","messages":[]}`
	for _, c := range []struct{ base, line, want string }{
		{host, chat, host + "/v1/chat/completions"},
		{host + "/", chat, host + "/v1/chat/completions"},
		{host + "/v1", chat, host + "/v1/chat/completions"},
		{host + "/v1/chat/completions", chat, host + "/v1/chat/completions"},
		{host + "/api/v3/chat/completions?x=1", chat, host + "/api/v3/chat/completions?x=1"},
		{host, `{"model":"m","prompt":"p"}`, host + "/v1/completions"},
		{host + "/v1/completions", `{"model":"m","prompt":[1,2]}`, host + "/v1/completions"},
		{host + "/v1/chat/completions", `{"url":"/v1/completions","body":{"model":"m","prompt":"p"}}`, host +
			"/v1/completions"},
		{host + "/v1", `{"url":"http://h:1/v1/completions","body":{"model":"m","prompt":"p"}}`, host +
			"/v1/completions"},
	} {
		got, _, err := prepared(t, c.base, c.line, nil)
		if got != c.want || err != nil {
			t.Errorf("%s %s: %s (%v), want %s", c.base, c.line, got, err, c.want)
		}
	}
	for _, c := range []struct{ base, line, says string }{
		{host + "/v1/chat/completions", `{"model":"m","prompt":"p"}`, `no "messages"`},
		{host + "/v1/completions", chat, `no "prompt"`},
		{host, `{"model":"m"}`, "fits no known API, and the URL names none"},
		{host, `{"url":"http://other/v1/completions","body":{"prompt":"p"}}`,
			"another server must not see the API key"},
	} {
		if _, _, err := prepared(t, c.base, c.line, nil); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %s: %v, want %q", c.base, c.line, err, c.says)
		}
	}
}

// The cache returns the endpoint that would be found without it.
func TestEndpointCache(t *testing.T) {
	u, _ := url.Parse("http://h:1")
	c := newTest(t, u, false, nil)
	type want struct {
		url    string
		stream bool
	}
	for range 2 {
		for line, want := range map[string]want{
			`{"model":"m","messages":[]}`:                                   {"/v1/chat/completions", false},
			`{"model":"m","messages":[],"stream":true}`:                     {"/v1/chat/completions", true},
			`{"model":"m","messages":[],"stream":false}`:                    {"/v1/chat/completions", false},
			`{"model":"m","prompt":"p","stream":true}`:                      {"/v1/completions", true},
			`{"model":"m","input":"text"}`:                                  {"/v1/embeddings", false},
			`{"model":"m","input":[{"role":"user","content":"x"}]}`:         {"/v1/responses", false},
			`{"model":"m","query":"q","documents":["d"]}`:                   {"/v1/rerank", false},
			`{"url":"/v1/completions","body":{"model":"m","prompt":"p"}}`:   {"/v1/completions", false},
			`{"url":"/x/v1/completions","body":{"model":"m","prompt":"p"}}`: {"/x/v1/completions", false},
			`{"inputs":"x"}`:                   {"/generate", false},
			`{"inputs":"x","stream":true}`:     {"/generate_stream", true},
			`{"model":"a","text_input":"x"}`:   {"/v2/models/a/generate", false},
			`{"model":"b","text_input":"x"}`:   {"/v2/models/b/generate", false},
			`{"model":"m","pro\u006dpt":"p"}`:  {"/v1/completions", false},
			`{"model":"m","prompt\u0000":"p"}`: {"", false},
		} {
			parsed, err := request.Parse([]byte(line))
			req := load.NewRequest(parsed)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Prepare(t.Context(), req); (err != nil) != (want.url == "") {
				t.Errorf("%s: %v", line, err)
			} else if err == nil {
				if ep := req.Endpoint.(*endpoint); ep.url != u.String()+want.url || ep.stream != want.stream {
					t.Errorf("%s: %s, stream %v", line, ep.url, ep.stream)
				}
			}
		}
	}
	if n := len(c.prep.cache.found); n != 10 {
		t.Errorf("%d endpoints are cached", n)
	}
}

func TestChangesToBodies(t *testing.T) {
	usage := `"stream_options":{"include_usage":true}`
	for _, c := range []struct {
		name, body, want string
		change           func(*Config)
	}{
		{"nothing", `{ "model":"m", "messages":[] }`, `{ "model":"m", "messages":[] }`, nil},
		{"model", `{"messages":[]}`, `{"model":"x\"y","messages":[]}`, func(c *Config) { c.Model = `x"y` }},
		{"null model", `{"model":null,"messages":[]}`, `{"model":"x","messages":[]}`,
			func(c *Config) { c.Model = "x" }},
		{"its own model", `{"model":"m","messages":[]}`, `{"model":"m","messages":[]}`,
			func(c *Config) { c.Model = "x" }},
		{"served", `{"messages":[],"model":"m"}`, `{"model":"s","messages":[]}`, func(c *Config) { c.Served = "s" }},
		{"usage", `{"model":"m","messages":[],"stream":true}`, `{` + usage +
			`,"model":"m","messages":[],"stream":true}`, nil},
		{"no usage", `{"model":"m","messages":[],"stream":true}`, `{"model":"m","messages":[],"stream":true}`,
			func(c *Config) { c.NoUsage = true }},
		{"no stream", `{"model":"m","messages":[],"stream":false}`, `{"model":"m","messages":[],"stream":false}`, nil},
		{"usage refused", `{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":false}}`,
			`{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":false}}`, nil},
		{"other options", `{"model":"m","messages":[],"stream":true,"stream_options":{"continuous_usage_stats":true}}`,
			`{"stream_options":{"include_usage":true,"continuous_usage_stats":true},"model":"m","messages":[],` +
				`"stream":true}`, nil},
		{"empty options", `{"model":"m","messages":[],"stream":true,"stream_options":{ }}`,
			`{` + usage + `,"model":"m","messages":[],"stream":true}`, nil},
		{"null options", `{"model":"m","messages":[],"stream":true,"stream_options":null}`,
			`{` + usage + `,"model":"m","messages":[],"stream":true}`, nil},
		{"drop", `{"model":"m","top_k":1,"messages":[],"ignore_eos":true}`, `{"model":"m","messages":[]}`,
			func(c *Config) { c.Drop = []string{"top_k", "ignore_eos", "absent"} }},
		{"all at once", `{"top_k":1,"messages":[],"stream":true}`, `{"model":"x",` + usage +
			`,"messages":[],"stream":true}`,
			func(c *Config) { c.Model = "x"; c.Drop = []string{"top_k"} }},
	} {
		_, got, err := prepared(t, "http://h:1", c.body, c.change)
		if got != c.want || err != nil || !json.Valid([]byte(got)) {
			t.Errorf("%s: %s (%v), want %s", c.name, got, err, c.want)
		}
	}
}

func TestEachChangeIsReportedOnce(t *testing.T) {
	var said []string
	c := newTest(t, &url.URL{Scheme: "http", Host: "h:1"}, false, func(c *Config) {
		c.Model = "x"
		c.Say = func(format string, args ...any) { said = append(said, format) }
	})
	for range 3 {
		req := &load.Request{Request: request.Request{Body: []byte(`{"messages":[],"stream":true}`)}}
		if err := c.Prepare(t.Context(), req); err != nil {
			t.Fatal(err)
		}
	}
	if len(said) != 2 || slices.Contains(said, "") {
		t.Errorf("said %q", said)
	}
}

func TestModelOfTheServer(t *testing.T) {
	var asked atomic.Int32
	var answer atomic.Value // the race detector does not see that a response follows its request
	answer.Store(`{"data":[{"id":"first"},{"id":"second"}]}`)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Method != http.MethodGet || r.URL.Path != "/v1/models" || r.Header.Get("Authorization") != "Bearer k" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		io.WriteString(w, answer.Load().(string))
	}))
	defer srv.Close()
	key := func(c *Config) { c.APIKey = "k" }
	for _, path := range []string{"", "/v1", "/v1/", "/v1/chat/completions"} {
		asked.Store(0)
		_, body, err := prepared(t, srv.URL+path, `{"messages":[]}`, key)
		if body != `{"model":"first","messages":[]}` || err != nil || asked.Load() != 1 {
			t.Errorf("%s: %s (%v), asked %d times", path, body, err, asked.Load())
		}
	}
	for _, bad := range []string{`{"data":[]}`, `[]`, ``} {
		answer.Store(bad)
		if _, _, err := prepared(t, srv.URL, `{"messages":[]}`, key); err == nil || !strings.Contains(err.Error(),
			"names no model") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// A server that is known to need it is asked for its own times, once it has said what it is.
func TestAskTimes(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"data":[{"id":"m","owned_by":"sglang"}]}`)
	}))
	defer server.Close()
	for _, c := range []struct {
		line string
		no   bool
		want string
		said int
	}{
		{`{"messages":[]}`, false, `{"model":"m","return_meta_info":true,"return_spec_tokens_details":true,` +
			`"return_cached_tokens_details":true,"messages":[]}`, 1},
		{`{"messages":[],"return_meta_info":false}`, false, `{"model":"m","return_spec_tokens_details":true,` +
			`"return_cached_tokens_details":true,"messages":[],"return_meta_info":false}`, 1},
		{`{"messages":[]}`, true, `{"model":"m","messages":[]}`, 0},
		{`{"model":"m","messages":[]}`, false, `{"model":"m","messages":[]}`, 0}, // nothing was asked of the server
	} {
		said := 0
		_, body, err := prepared(t, server.URL, c.line, func(cfg *Config) {
			cfg.NoTimes = c.no
			cfg.Say = func(format string, args ...any) {
				if strings.HasPrefix(format, "asking the server for its own times") {
					said++
				}
			}
		})
		if body != c.want || said != c.said || err != nil {
			t.Errorf("%s: %s, said %d times (%v); want\n%s", c.line, body, said, err, c.want)
		}
	}
}
