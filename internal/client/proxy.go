package client

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"perfpipe/internal/mask"
)

// proxies are the proxies of the environment.
type proxies struct {
	exempt      func(*url.URL) bool
	http, https proxy
}

// proxy is a variable of the environment. Its URL is nil if it is not set, or if it is not valid, which err explains.
type proxy struct {
	name string
	url  *url.URL
	err  error
}

// newProxies reads the environment as curl does: HTTP_PROXY and HTTPS_PROXY, by default ALL_PROXY, and NO_PROXY, in
// upper or lower case. As in net/http, loopback addresses have no proxy.
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
	none := cmp.Or(getenv("NO_PROXY"), getenv("no_proxy"))
	through := (&httpproxy.Config{HTTPProxy: any, HTTPSProxy: any, NoProxy: none}).ProxyFunc()
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
	return nil, fmt.Errorf("%s:// is not a proxy known here; there are http, https, socks5 and socks5h", u.Scheme)
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

// Unresolved returns the address of u, host:port, if Network.Resolve has an entry for it that a proxy makes useless, or
// an empty string.
func (c *Client) Unresolved(u *url.URL) string {
	addr := strings.ToLower(address(u))
	if proxy, _, _ := c.Proxy(u); proxy == nil || c.cfg.Network.Resolve[addr] == "" {
		return ""
	}
	return addr
}

// Unmatched returns the entries of Network.Resolve, host:port, to which no connection is made, sorted.
func (c *Client) Unmatched() []string {
	unused := maps.Clone(c.cfg.Network.Resolve)
	if c.cfg.Network.Unix != "" {
		return slices.Sorted(maps.Keys(unused))
	}
	for _, u := range c.cfg.servers() {
		delete(unused, strings.ToLower(address(u)))
		if proxy, _, err := c.Proxy(u); err == nil && proxy != nil {
			delete(unused, strings.ToLower(address(proxy)))
		}
	}
	return slices.Sorted(maps.Keys(unused))
}

// Proxy returns the proxy for requests to u, nil for none, and the variable of the environment that names it.
func (c *Client) Proxy(u *url.URL) (proxy *url.URL, from string, err error) {
	if c.cfg.Network.Unix != "" {
		return nil, "", nil
	}
	return c.proxies.forURL(u)
}
