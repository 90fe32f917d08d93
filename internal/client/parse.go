package client

import (
	"fmt"
	"net/url"
	"strings"
)

// parseURL parses the URL of a server. Without a scheme, it is http.
func parseURL(text string) (*url.URL, error) {
	raw := text
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, fmt.Errorf("%q is not an http or https URL", text)
	}
	return u, nil
}

// ParseURLs parses the URLs of several servers.
func ParseURLs(texts []string) ([]*url.URL, error) {
	var list []*url.URL
	for _, text := range texts {
		u, err := parseURL(text)
		if err != nil {
			return nil, err
		}
		list = append(list, u)
	}
	return list, nil
}
