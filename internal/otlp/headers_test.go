package otlp

import (
	"maps"
	"strings"
	"testing"
)

// An error has no value, which may be a secret.
func TestParseHeaders(t *testing.T) {
	got, err := ParseHeaders(" api-key=a%20b , x = 1,,")
	if want := map[string]string{"api-key": "a b", "x": "1"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	for _, bad := range []string{"secret", "x=%zzsecret"} {
		if _, err := ParseHeaders(bad); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
