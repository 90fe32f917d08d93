package track

import "perfpipe/internal/mask"

// masked returns a copy of a configuration with its secrets masked: values with secret names, and the secrets of URLs.
func masked(config map[string]any) map[string]any {
	out := make(map[string]any, len(config))
	for k, v := range config {
		if mask.Name(k) {
			out[k] = mask.Text
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
		return mask.URL(v)
	case []string:
		out := make([]string, len(v))
		for i := range v {
			out[i] = mask.URL(v[i])
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
