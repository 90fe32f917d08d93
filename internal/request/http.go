package request

import (
	"errors"
	"fmt"
	"maps"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// checkHTTP returns an error if a part of the envelope cannot stand in an HTTP request, or would split it in two
// (RFC 9110 §5.5).
func (r *Request) checkHTTP() error {
	if i := strings.IndexFunc(r.ID, isControl); i >= 0 {
		return fmt.Errorf("custom_id has a control character: %.60q", r.ID)
	}
	if r.Method != "" {
		if err := checkMethod(&r.Method); err != nil {
			return err
		}
	}
	if err := checkURL(r.URL); err != nil {
		return err
	}
	if len(r.Headers) > 0 {
		if err := checkHeaders(r.Headers); err != nil {
			return fmt.Errorf("headers: %w", err)
		}
	}
	return nil
}

// checkMethod checks the method and converts it to upper case, as servers expect it.
func checkMethod(method *string) error {
	*method = strings.ToUpper(*method)
	switch m := *method; {
	case !isToken(m):
		return fmt.Errorf("method is not an HTTP method: %.60q", m)
	case m == "CONNECT" || m == "HEAD" || m == "TRACE":
		return fmt.Errorf("method is %s, whose response is not an answer", m)
	}
	return nil
}

// checkURL accepts a path, or an http or https URL.
func checkURL(text string) error {
	if ordinaryPath(text) {
		return nil
	}
	u, err := url.Parse(text)
	switch bad := (*url.Error)(nil); {
	case errors.As(err, &bad):
		return fmt.Errorf("url is not a URL: %.60q: %w", text, bad.Err)
	case err != nil:
		return fmt.Errorf("url is not a URL: %.60q: %w", text, err)
	case u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "":
		return fmt.Errorf("url is neither a path nor an http or https URL: %.60q", text)
	}
	return nil
}

// ordinaryPath reports whether text is a path that needs no parsing, as most do.
func ordinaryPath(text string) bool {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f || c == '%' || c == '#' {
			return false
		}
	}
	return text == "" || text[0] == '/' && !strings.HasPrefix(text, "//")
}

// checkHeaders returns an error for the first header, in order of names, that a request must not have: one that is
// malformed, that occurs twice, or that the sender sets itself, because it describes the message or the connection.
func checkHeaders(headers map[string]string) error {
	seen := make(map[string]string, len(headers))
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if err := CheckHeader(name, headers[name]); err != nil {
			return err
		}
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		if other, twice := seen[canonical]; twice {
			return fmt.Errorf("%s and %s are one header", other, name)
		}
		seen[canonical] = name
	}
	return nil
}

// CheckHeader returns an error if a request must not have a header with this name and value.
func CheckHeader(name, value string) error {
	switch {
	case !isToken(name):
		return fmt.Errorf("%.60q is not a header name", name)
	case strings.ContainsFunc(value, isControl):
		return fmt.Errorf("the value of %s has a control character", name)
	}
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Content-Length", "Transfer-Encoding", "Trailer", "Content-Encoding":
		return fmt.Errorf("%s follows from the body and cannot be set", name)
	case "Upgrade", "Te", "Expect", "Keep-Alive", "Proxy-Connection", "Http2-Settings":
		return fmt.Errorf("%s is the connection's and cannot be set", name)
	case "Connection":
		if v := strings.ToLower(strings.TrimSpace(value)); v != "close" && v != "keep-alive" {
			return fmt.Errorf("%s is close or keep-alive, not %.60q", name, value)
		}
	case "Host":
		if v := strings.TrimSpace(value); v == "" || strings.ContainsAny(v, " \t/\\?#@,\"<>") {
			return fmt.Errorf("%s is not a host: %.60q", name, value)
		}
	}
	return nil
}

// ParseHeaders parses a list of NAME=VALUE. Its errors do not have the values, which may be secrets.
func ParseHeaders(list []string) (map[string]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	headers := map[string]string{}
	for _, text := range list {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			name, _, _ = strings.Cut(text, ":")
			return nil, fmt.Errorf("%.40q has no =VALUE", name)
		}
		headers[name] = value
	}
	return headers, checkHeaders(headers)
}

// isControl reports whether a header's value must not have the character. A tab is white space.
func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// isToken reports whether s is a token (RFC 9110 §5.6.2), as methods and header names are.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}
