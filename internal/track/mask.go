package track

import (
	"net/url"
	"regexp"
)

// mask stands for a secret; it needs no escaping in a URL.
const mask = "masked"

// secret matches the names of keys, headers and query parameters whose values are nobody's business. Counts of tokens are
// no secrets.
var secret = regexp.MustCompile(`(?i)(^|[-_.])(api-?key|key|token|secret|passwd|password|authorization|credentials?|cookie|signature|sig|auth)$`)

// masked copies a configuration without its secrets: values under such names, and what a URL holds of them.
func masked(config map[string]any) map[string]any {
	out := make(map[string]any, len(config))
	for k, v := range config {
		if secret.MatchString(k) {
			out[k] = mask
			continue
		}
		out[k] = maskValue(v)
	}
	return out
}

func maskValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return masked(v)
	case string:
		return maskURL(v)
	case []string:
		out := make([]string, len(v))
		for i := range v {
			out[i] = maskURL(v[i])
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = maskValue(v[i])
		}
		return out
	}
	return v
}

// maskURL hides the user and the secret parameters of a URL; other text stays as it is.
func maskURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return text
	}
	changed := u.User != nil
	if changed {
		u.User = url.User(mask)
	}
	query := u.Query()
	for name := range query {
		if secret.MatchString(name) {
			query.Set(name, mask)
			changed = true
		}
	}
	if !changed {
		return text
	}
	u.RawQuery = query.Encode()
	return u.String()
}
