package client

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"perfpipe/internal/mask"
)

// proxies are those that the environment names.
type proxies struct {
	exempt      func(*url.URL) bool
	http, https proxy
}

// proxy is a variable of the environment. Its URL is nil where it is not set, or where err says what is wrong with it.
type proxy struct {
	name string
	url  *url.URL
	err  error
}

// newProxies reads the environment as curl does: HTTP_PROXY and HTTPS_PROXY, for which ALL_PROXY stands in, and NO_PROXY,
// in capitals or not. As in net/http, no proxy is for this machine.
func newProxies(getenv func(string) string) *proxies {
	first := func(names ...string) proxy {
		for _, n := range names {
			if v := strings.TrimSpace(getenv(n)); v != "" {
				u, err := parseProxy(v)
				return proxy{n, u, err}
			}
		}
		return proxy{}
	}
	const any = "http://proxy.invalid"
	through := (&httpproxy.Config{HTTPProxy: any, HTTPSProxy: any, NoProxy: cmp.Or(getenv("NO_PROXY"), getenv("no_proxy"))}).ProxyFunc()
	return &proxies{
		exempt: func(u *url.URL) bool {
			p, err := through(u)
			return p == nil || err != nil
		},
		http:  first("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"),
		https: first("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"),
	}
}

func parseProxy(value string) (*url.URL, error) {
	text := value
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("%.80q is not the URL of a proxy", mask.URL(value))
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return u, nil
	}
	return nil, fmt.Errorf("%s:// is no proxy known here; there are http, https, socks5 and socks5h", u.Scheme)
}

// forURL returns the proxy for u, nil for none, and the variable that names it.
func (p *proxies) forURL(u *url.URL) (to *url.URL, from string, err error) {
	v := &p.http
	if u.Scheme == "https" {
		v = &p.https
	}
	if v.name == "" || p.exempt(u) {
		return nil, "", nil
	}
	if v.err != nil {
		return nil, v.name, fmt.Errorf("%s: %w", v.name, v.err)
	}
	return v.url, v.name, nil
}

// Proxy returns the proxy through which requests to u go, nil for none, and the variable of the environment that names
// it.
func (c *Client) Proxy(u *url.URL) (proxy *url.URL, from string, err error) {
	if c.cfg.Network.Unix != "" {
		return nil, "", nil
	}
	return c.proxies.forURL(u)
}
