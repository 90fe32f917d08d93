package client

import (
	"fmt"
	"net/url"
	"strings"
)

// ParseURL parses the URL of a server. Without a scheme, it is http.
func ParseURL(text string) (*url.URL, error) {
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
