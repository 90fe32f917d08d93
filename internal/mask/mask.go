// Package mask hides secrets: keys, passwords and cookies, in headers, URLs and text.
package mask

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Text replaces a secret. It needs no escaping in URLs and JSON.
const Text = "***"

// Name reports whether the value of a header, query parameter or key of this name is a secret. Token counts are not.
func Name(name string) bool {
	name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	for _, part := range []string{
		"authorization", "cookie", "api-key", "apikey", "access-key", "subscription-key", "secret", "passw", "credential",
		"signature", "session-id", "private", "bearer", "jwt",
	} {
		if strings.Contains(name, part) {
			return true
		}
	}
	if token := strings.NewReplacer("tokens", "", "tokeniz", "", "token-count", "").Replace(name); strings.Contains(token,
		"token") {
		return true
	}
	last := name[strings.LastIndexAny(name, "-.")+1:]
	return slices.Contains([]string{"key", "session", "sig", "auth", "pwd", "pass", "pat"}, last)
}

// harmless are headers without secrets. The values of all others are hidden.
var harmless = []string{
	"accept", "accept-encoding", "accept-language", "anthropic-beta", "anthropic-version", "cache-control", "connection",
	"content-encoding", "content-length", "content-type", "date", "host", "idempotency-key", "openai-beta",
	"openai-organization", "openai-project", "retry-after", "server", "te", "traceparent", "tracestate",
	"transfer-encoding", "user-agent", "x-dashscope-sse", "x-request-id",
}

// Header returns the value of a header as it may be shown.
func Header(name, value string) string {
	if slices.Contains(harmless, strings.ToLower(name)) {
		return value
	}
	return Text
}

// plainParameters are query parameters without secrets. The values of all others are hidden, unless they are short.
var plainParameters = []string{
	"alt", "api-version", "beta", "debug", "deployment", "deployment-id", "format", "lang", "model", "project", "region",
	"stream", "task", "timeout", "type", "v", "version",
}

// URL returns a URL without its user and password, and without the values of query parameters that may be secrets.
// Other text is returned unchanged.
func URL(text string) string {
	if !strings.ContainsAny(text, "?@") {
		return text
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme == "" || u.Host == "") && text[0] != '/' {
		return text
	}
	changed := false
	if u.User != nil {
		u.User, changed = url.User("user"), true // the user may be an API key
	}
	parts := strings.Split(u.RawQuery, "&")
	for i, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		decoded, err := url.QueryUnescape(name)
		if value == "" || value == Text || err == nil && !parameter(decoded, value) {
			continue
		}
		parts[i], changed = name+"="+Text, true
	}
	if !changed {
		return text
	}
	u.RawQuery = strings.Join(parts, "&")
	return strings.Replace(u.String(), "//user@", "//"+Text+"@", 1)
}

var inText = regexp.MustCompile(`\b[a-z][a-z0-9]*://[^\s"'<>()]+`)

// URLs masks the URLs in a text as URL does.
func URLs(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	return inText.ReplaceAllStringFunc(text, func(u string) string {
		end := strings.TrimRight(u, ".,:;!?") // of the sentence
		return URL(end) + u[len(end):]
	})
}

// parameter reports whether a query parameter may be a secret. A short value of an unknown name is not.
func parameter(name, value string) bool {
	return Name(name) || len(value) >= least && !slices.Contains(plainParameters, strings.ToLower(name))
}

// least is the length of the shortest secret that is replaced in text. Shorter ones are placeholders, such as EMPTY,
// that also occur as ordinary words.
const least = 6

// Secrets are values to hide wherever they occur.
type Secrets struct {
	values []string // the longest first, so that no remainder of one is left
}

// Add adds secrets, each as it is and URL-encoded. Short ones are ignored.
func (s *Secrets) Add(values ...string) {
	for _, v := range values {
		v = strings.TrimSpace(v)
		for _, form := range []string{v, url.QueryEscape(v), url.PathEscape(v)} {
			if len(form) >= least && !slices.Contains(s.values, form) {
				s.values = append(s.values, form)
			}
		}
	}
	slices.SortStableFunc(s.values, func(a, b string) int { return len(b) - len(a) })
}

// AddHeader adds the secret in a header: in Authorization, the part after the scheme.
func (s *Secrets) AddHeader(name, value string) {
	if slices.Contains(harmless, strings.ToLower(name)) || !Name(name) {
		return
	}
	s.Add(value)
	scheme, rest, ok := strings.Cut(value, " ")
	if !ok {
		return
	}
	s.Add(rest)
	if strings.EqualFold(scheme, "basic") {
		if pair, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest)); err == nil {
			_, password, _ := strings.Cut(string(pair), ":")
			s.Add(string(pair), password)
		}
	}
}

// AddURL adds the secrets of a URL: its password, or the user if it has none, and the query parameters that URL hides.
func (s *Secrets) AddURL(u *url.URL) {
	if u.User != nil {
		password, has := u.User.Password()
		pair := u.User.Username() + ":" + password
		s.Add(password, pair, base64.StdEncoding.EncodeToString([]byte(pair)))
		if !has {
			s.Add(u.User.Username())
		}
	}
	for name, values := range u.Query() {
		for _, v := range values {
			if parameter(name, v) {
				s.Add(v)
			}
		}
	}
}

// Hide replaces the secrets in text.
func (s *Secrets) Hide(text string) string {
	for _, v := range s.values {
		if strings.Contains(text, v) {
			text = strings.ReplaceAll(text, v, Text)
		}
	}
	return text
}
